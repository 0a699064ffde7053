import { operations } from '../intent/operations.js';
import { FakePayouts } from './fake-payouts.js';
import type {
  AuthorizeRequest,
  Call,
  CancelRequest,
  CaptureRequest,
  ContainerStatus,
  Decline,
  GatewayClient,
  IncrementRequest,
  ObservedPayment,
  ObservedRefund,
  PaymentAnswer,
  PaymentLookup,
  PaymentQuery,
  RefundAnswer,
  RefundLookup,
  RefundQuery,
  RefundRequest,
} from '@paylog/gateways';
import { paymentFacts, refundFacts } from '@paylog/gateways';
import type { Fact, Money } from '@paylog/payment-domain';

/** How one call goes: what the network and the gateway do to it. */
export type Weather =
  | 'fine'
  /** Done, and the answer is lost. */
  | 'done_then_lost'
  /** Lost on the way there. */
  | 'lost'
  | 'rate_limited';

interface Container {
  readonly id: string;
  readonly request: AuthorizeRequest;
  status: ContainerStatus;
  captured: bigint;
  readonly captures: { operationId: string; minor: bigint }[];
  readonly increments: { operationId: string; minor: bigint }[];
  charge?: string;
  decline?: Decline;
  canceledBecause?: string;
  /** The last try had been won. */
  cameBack?: boolean;
  /** So had the first of several. */
  cameBackFirst?: boolean;
}

/** A gateway with keys, a truth of its own, and weather from a script. Money is counted from calls only. */
export class FakeGateway implements GatewayClient {
  readonly account = 'stripe-main';
  readonly repeatWithinMs = 12 * 3_600_000;
  readonly authorizationValidMs = 7 * 86_400_000;
  readonly containers: Container[] = [];
  readonly refunds: { refund: ObservedRefund; operationId: string }[] = [];
  /** Asked for beyond what was captured and not given back. */
  refundsRefused = 0;
  readonly participants = new FakePayouts({
    account: 'stripe-main',
    keyed: (about, effect) => this.#keyed(about, effect),
    lookup: (about, found) => this.#lookUp(about, found),
    now: () => this.now().toISOString(),
  });
  /** Every call that was made, lookups included. */
  readonly calls: string[] = [];
  #webhooks = 0;
  readonly #answers = new Map<string, PaymentAnswer | RefundAnswer>();
  /** Keys are forgotten a day after they were first used. */
  readonly #firstUse = new Map<string, number>();

  constructor(
    private readonly weather: (call: string) => Weather = () => 'fine',
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** The shopper comes back from the redirect, or the bank has paid. */
  approve(paymentId: string): void {
    const container = this.#ofPayment(paymentId);
    if (container && isWaiting(container)) this.#win(container);
  }

  refuse(paymentId: string): void {
    const container = this.#ofPayment(paymentId);
    if (!container || !isWaiting(container)) return;
    container.status = 'requires_payment_method';
    container.decline = declineOf('authentication_failed');
  }

  /** The shopper pays with another card in the same container, past us. */
  payAgain(paymentId: string): void {
    const container = this.#ofPayment(paymentId);
    if (container?.status !== 'requires_payment_method') return;
    delete container.decline;
    this.#win(container);
    container.charge = `ch_${container.id}_again`;
    container.cameBackFirst = container.cameBack === true;
    delete container.cameBack;
  }

  /** What was held ran out. */
  expire(paymentId: string): void {
    const container = this.#ofPayment(paymentId);
    if (container?.status !== 'requires_capture') return;
    container.status = 'canceled';
    container.canceledBecause = 'automatic';
  }

  /** A debit comes back: the container waits for another payment. */
  comeBack(paymentId: string, at: string): Fact[] {
    const container = this.#ofPayment(paymentId);
    const { charge } = container ?? {};
    if (!container || charge === undefined) return [];
    container.status = 'requires_payment_method';
    container.captured = 0n;
    container.decline = declineOf('debit_not_authorized');
    container.cameBack = true;
    const back = { type: 'operation', at, source: 'webhook', outcome: 'reversed' } as const;
    return [
      { ...back, id: `back ${charge}`, operation: charge, kind: 'authorization' },
      { ...back, id: `back ${charge}/capture`, operation: `${charge}/capture`, kind: 'capture' },
    ];
  }

  get capturedTwice(): number {
    const ids = this.containers.flatMap(({ captures }) => captures.map((one) => one.operationId));
    return ids.length - new Set(ids).size;
  }

  authorize(request: AuthorizeRequest): Promise<PaymentAnswer> {
    return this.#keyed(call('authorization', request, request.amount), () => {
      const id = `pi_${this.containers.length + 1}`;
      const container: Container = {
        id,
        request,
        status: 'requires_payment_method',
        captured: 0n,
        captures: [],
        increments: [],
      };
      this.containers.push(container);
      if (/Declined|declined/.test(request.paymentMethod)) {
        container.charge = `ch_${id}`;
        container.decline = declineOf('card_declined');
        return { result: 'declined', decline: container.decline, payment: this.#see(container) };
      }
      if (/authenticationRequired/.test(request.paymentMethod))
        container.status = 'requires_action';
      else if (/sepa/.test(request.paymentMethod)) container.status = 'processing';
      else this.#win(container);
      return { result: 'answered', payment: this.#see(container) };
    }) as Promise<PaymentAnswer>;
  }

  capture(request: CaptureRequest): Promise<PaymentAnswer> {
    return this.#keyed(call('capture', request, request.amount), () => {
      const container = this.#container(request.containerId);
      if (container.status !== 'requires_capture') return this.#wrongState(container);
      const { minor } = request.amount;
      const rest = authorizedOf(container) - container.captured - minor;
      if (rest < 0n) return this.#tooMuch(container);
      container.captured += minor;
      container.captures.push({ operationId: request.operationId, minor });
      if (request.final !== false || rest === 0n) container.status = 'succeeded';
      return { result: 'answered', payment: this.#see(container) };
    }) as Promise<PaymentAnswer>;
  }

  increment(request: IncrementRequest): Promise<PaymentAnswer> {
    return this.#keyed(call('increment', request, request.amount), () => {
      const container = this.#container(request.containerId);
      const held = container.status === 'requires_capture' && container.captured === 0n;
      if (!held || request.total.minor <= authorizedOf(container)) {
        return this.#wrongState(container);
      }
      if (request.total.minor > INCREMENT_LIMIT) {
        return { result: 'declined', decline: declineOf('card_declined') };
      }
      const minor = request.total.minor - authorizedOf(container);
      container.increments.push({ operationId: request.operationId, minor });
      return { result: 'answered', payment: this.#see(container) };
    }) as Promise<PaymentAnswer>;
  }

  cancel(request: CancelRequest): Promise<PaymentAnswer> {
    const about = { ...call('void', request), sessionOperationId: request.sessionOperationId };
    return this.#keyed(about, () => {
      const container = this.#container(request.containerId);
      if (container.status === 'succeeded' || container.status === 'processing') {
        return this.#wrongState(container);
      }
      container.status = 'canceled';
      return { result: 'answered', payment: this.#see(container) };
    }) as Promise<PaymentAnswer>;
  }

  refund(request: RefundRequest): Promise<RefundAnswer> {
    return this.#keyed(call('refund', request, request.amount), () => {
      const container = this.#container(request.containerId);
      const left = container.captured - this.refundedOf(container.id);
      if (request.amount.minor > left) {
        this.refundsRefused += 1;
        return { result: 'refused', reason: 'charge_already_refunded', message: 'too much' };
      }
      const refund: ObservedRefund = {
        refundId: `re_${this.refunds.length + 1}`,
        status: 'succeeded',
        createdAt: this.now().toISOString(),
        amount: request.amount,
        containerId: container.id,
        ours: { paymentId: request.paymentId, operation: request.operationId },
      };
      this.refunds.push({ refund, operationId: request.operationId });
      return { result: 'answered', refund };
    }) as Promise<RefundAnswer>;
  }

  async lookupPayment(query: PaymentQuery): Promise<PaymentLookup> {
    const about: Call = { ...call(query.kind, query, query.amount), source: 'poll' };
    this.calls.push(`lookup ${query.operationId}`);
    const at = this.now().toISOString();
    if (this.weather('lookup') !== 'fine') {
      return { result: 'unknown', about, at, reason: 'timeout', message: 'no answer' };
    }
    const container = this.#ofPayment(query.paymentId);
    if (!container) return { result: 'not_found', about, at, by: 'list' };
    return { result: 'answered', about, at, payment: this.#see(container) };
  }

  async lookupRefund(query: RefundQuery): Promise<RefundLookup> {
    const about: Call = { ...call('refund', query), source: 'poll' };
    this.calls.push(`lookup ${query.operationId}`);
    const at = this.now().toISOString();
    if (this.weather('lookup') !== 'fine') {
      return { result: 'unknown', about, at, reason: 'timeout', message: 'no answer' };
    }
    const found = this.refunds.find((one) => one.operationId === query.operationId);
    if (!found) return { result: 'not_found', about, at, by: 'list' };
    return { result: 'answered', about, at, refund: found.refund };
  }

  async #lookUp(about: Call, found: () => object | undefined): Promise<unknown> {
    this.calls.push(`lookup ${about.operationId}`);
    const at = this.now().toISOString();
    if (this.weather('lookup') !== 'fine') {
      return { result: 'unknown', about, at, reason: 'timeout', message: 'no answer' };
    }
    const seen = found();
    return seen
      ? { ...seen, result: 'answered', about, at }
      : { result: 'not_found', about, at, by: 'list' };
  }

  /** What the gateway tells about a payment by itself: its state as it is now, under its own names. */
  webhook(paymentId: string): Fact[] {
    const container = this.#ofPayment(paymentId);
    if (!container) return [];
    this.#webhooks += 1;
    const at = this.now().toISOString();
    const scope = ['webhook', this.account, `evt_${this.#webhooks}`];
    const origin = { scope, at, source: 'webhook' } as const;
    const names = { session: operations.session(paymentId) };
    const refunds = this.refunds.filter(({ refund }) => refund.containerId === container.id);
    return [
      ...paymentFacts(origin, paymentId, this.#see(container), names),
      ...refunds.flatMap(({ refund, operationId }) => refundFacts(origin, refund, operationId)),
    ];
  }

  refundedOf(containerId: string): bigint {
    return this.refunds
      .filter(({ refund }) => refund.containerId === containerId)
      .reduce((sum, { refund }) => sum + refund.amount.minor, 0n);
  }

  /** The same key gives the first answer again; what was lost on its way there never happened. */
  async #keyed(about: Call, effect: () => object): Promise<unknown> {
    const at = this.now().toISOString();
    this.calls.push(`${about.kind} ${about.operationId}`);
    const weather = this.weather(about.kind);
    if (weather === 'lost') {
      return { result: 'unknown', about, at, reason: 'connection', message: 'no connection' };
    }
    if (weather === 'rate_limited') {
      return { result: 'not_attempted', about, at, reason: 'rate_limited' };
    }
    const first = this.#firstUse.get(about.operationId) ?? 0;
    const fresh = Date.parse(at) - first < 24 * 3_600_000;
    if (!fresh) this.#firstUse.set(about.operationId, Date.parse(at));
    const known = fresh ? this.#answers.get(about.operationId) : undefined;
    const answer = known ? { ...known, about, at } : { ...effect(), about, at };
    this.#answers.set(about.operationId, answer as PaymentAnswer);
    if (weather === 'fine') return answer;
    return { result: 'unknown', about, at, reason: 'timeout', message: 'no answer in time' };
  }

  #win(container: Container): void {
    container.charge = `ch_${container.id}`;
    if (container.request.captureMode === 'manual') {
      container.status = 'requires_capture';
      return;
    }
    container.captured = container.request.amount.minor;
    container.status = 'succeeded';
  }

  #wrongState(container: Container) {
    const payment = this.#see(container);
    return { result: 'refused', reason: 'unexpected_state', message: 'wrong state', payment };
  }

  #tooMuch(container: Container) {
    const payment = this.#see(container);
    return { result: 'refused', reason: 'amount_too_large', message: 'too much', payment };
  }

  #container(id: string): Container {
    const found = this.containers.find((container) => container.id === id);
    if (!found) throw new Error(`no container ${id}`);
    return found;
  }

  #ofPayment(paymentId: string): Container | undefined {
    return this.containers.find(({ request }) => request.paymentId === paymentId);
  }

  #see(container: Container): ObservedPayment {
    const { request, status, captured, charge, decline, canceledBecause, id } = container;
    const { captureMode, paymentId, captureOperationId } = request;
    const amount = { ...request.amount, minor: authorizedOf(container) };
    const money = (minor: bigint): Money => ({ minor, currency: amount.currency });
    return {
      containerId: id,
      status,
      createdAt: this.now().toISOString(),
      amount,
      captureMode,
      capturable: money(status === 'requires_capture' ? amount.minor - captured : 0n),
      captured: money(captured),
      ...(charge === undefined
        ? {}
        : { authorizationId: charge, onlyAuthorization: charge === `ch_${id}` }),
      ...(decline === undefined ? {} : { decline }),
      ...(container.cameBack === undefined ? {} : { cameBack: true }),
      ...(container.cameBackFirst === undefined
        ? {}
        : { firstTry: { authorizationId: `ch_${id}`, cameBack: container.cameBackFirst } }),
      ...(canceledBecause === undefined ? {} : { canceledBecause }),
      ...(status === 'requires_action'
        ? { nextAction: { type: 'redirect', url: `https://gateway.example/3ds/${id}` } as const }
        : {}),
      ours: {
        paymentId,
        session: operations.session(paymentId),
        authorization: request.operationId,
        ...(captureOperationId === undefined ? {} : { capture: captureOperationId }),
        captures: [...container.captures],
        increments: [...container.increments],
      },
    };
  }
}

function isWaiting({ status }: Container): boolean {
  return status === 'requires_action' || status === 'processing';
}

/** The issuer says no beyond it. */
export const INCREMENT_LIMIT = 1_500n;

export function authorizedOf({ request, increments }: Container): bigint {
  return increments.reduce((sum, { minor }) => sum + minor, request.amount.minor);
}

function call(
  kind: Call['kind'],
  request: { paymentId: string; operationId: string; call: number },
  amount?: Money,
): Call {
  const { paymentId, operationId, call: number } = request;
  const { sessionOperationId, captureOperationId } = request as Partial<AuthorizeRequest>;
  return {
    account: 'stripe-main',
    paymentId,
    operationId,
    kind,
    call: number,
    source: 'response',
    ...(amount ? { amount } : {}),
    ...(sessionOperationId === undefined ? {} : { sessionOperationId }),
    ...(captureOperationId === undefined ? {} : { captureOperationId }),
  };
}

function declineOf(declineCode: string): Decline {
  return {
    declineCode,
    declineClass: 'hard',
    retryable: false,
    messageKey: 'payment.declined',
    nextStep: 'use_other_payment_method',
  };
}
