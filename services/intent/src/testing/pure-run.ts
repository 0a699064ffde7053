import { factId, paymentId as idOf } from '@paylog/contracts';
import type { GatewayAnswer } from '@paylog/gateways';
import { fold, type Fact, type Payment, type Splits } from '@paylog/payment-domain';
import { messagesOf } from '../engine/answers.js';
import type { Action, Limits, Progress } from '../engine/action.js';
import { concludedFrom } from '../engine/by-the-clock.js';
import { callGateway, lookUp } from '../engine/gateway-calls.js';
import { nextAction } from '../engine/next-action.js';
import { decide, supersede } from '../intent/decide.js';
import { recorded, requested, type Decision } from '../intent/decision.js';
import type { BesideLog } from '../intent/known.sql.js';
import type { IntentMessage, RecordedMessage } from '../intent/messages.js';
import { operations } from '../intent/operations.js';
import type { IntentRequest } from '../intent/requests.js';
import { foldIntent, isOpen, statusOf, type Intent, type Known } from '../intent/state.js';
import { FakeGateway, type Weather } from './fake-gateway.js';

export const LIMITS: Limits = {
  abandonAfterMs: 60_000,
  pendingLimitMs: 30_000,
  unknownRetryMs: 1_000,
  lateSuccess: 'refund',
  authorizationValidMs: 7 * 86_400_000,
  repeatWithinMs: 12 * 3_600_000,
};

const ORDER = { storefront: 'shop', orderId: 'order-1' } as const;

/** One payment with a fake gateway and a clock that jumps: the real core, no database. */
export class PureRun {
  readonly rows: RecordedMessage[] = [];
  readonly gateway: FakeGateway;
  readonly paymentId: string;
  limits = LIMITS;
  now = Date.parse('2026-03-01T12:00:00Z');
  polls = 0;
  polledAt: number | undefined;
  toldAt: number | undefined;
  /** Lags behind: as of the last webhook. */
  projected: Payment | undefined;
  readonly #told: Fact[] = [];
  #folded: { readonly rows: number; readonly intent: Intent } | undefined;
  accountStopped = false;
  passesSharesOn = true;
  #paymentMethod = 'pm_card_visa';
  #hasPaymentMethod = false;
  #hasNextAction = false;
  #requests = 0;

  constructor(
    weather?: (call: string) => Weather,
    private readonly attempt = 1,
    gateway?: FakeGateway,
  ) {
    this.gateway = gateway ?? new FakeGateway(weather, () => new Date(this.now));
    this.paymentId = idOf({ mode: 'test', ...ORDER, attempt });
  }

  get known(): Known {
    const { rows, projected } = this;
    // Rows are only ever added.
    if (this.#folded?.rows !== rows.length) {
      this.#folded = { rows: rows.length, intent: foldIntent(this.paymentId, rows) };
    }
    const { intent } = this.#folded;
    return { intent, ...(projected ? { projected } : {}) };
  }

  /** The gateway tells how the payment is, and payment-state folds it with what our log has said so far. */
  webhook(): void {
    this.tell(this.gateway.webhook(this.paymentId));
  }

  tell(facts: readonly Fact[]): void {
    this.#told.push(...facts);
    this.project();
    this.toldAt = this.now;
  }

  /** payment-state has caught up with our log. */
  project(): void {
    this.projected = fold([...this.known.intent.facts, ...this.#told]);
  }

  place(
    options: {
      method?: string;
      captureMode?: 'automatic' | 'manual';
      minor?: bigint;
      splits?: Splits;
    } = {},
    previous?: PureRun,
  ): Decision {
    this.#paymentMethod = options.method ?? 'pm_card_visa';
    const decision = this.ask(
      {
        type: 'place',
        mode: 'test',
        amount: { minor: options.minor ?? 1000n, currency: 'EUR' },
        captureMode: options.captureMode ?? 'automatic',
        account: 'stripe-main',
        gateway: 'stripe',
        ...(options.splits && { splits: options.splits }),
      },
      previous,
    );
    if (decision.type === 'accepted') this.#hasPaymentMethod = true;
    return decision;
  }

  ask(
    asked: DistributiveOmit<IntentRequest, keyof Common>,
    previous?: PureRun,
    id?: string,
  ): Decision {
    this.#requests += 1;
    const common: Common = {
      ...ORDER,
      paymentId: this.paymentId,
      attempt: this.attempt,
      id: id ?? `request-${this.#requests}`,
      at: this.at,
      byMessage: true,
    };
    const request = { ...common, ...asked } as IntentRequest;
    const decision = decide(request, {
      known: this.known,
      accountStopped: this.accountStopped,
      ...(previous ? { previous: previous.known } : {}),
    });
    if ('messages' in decision) this.record(decision.messages, request.id);
    if (decision.type === 'early' && previous) {
      previous.record(supersede(previous.known, this.at), 'supersede');
    }
    return decision;
  }

  record(messages: readonly IntentMessage[], causedBy?: string): void {
    for (const message of messages) {
      this.rows.push({ message, at: this.at, ...(causedBy === undefined ? {} : { causedBy }) });
    }
  }

  get at(): string {
    return new Date(this.now).toISOString();
  }

  next(): Action {
    return nextAction(this.known, this.limits, this.#progress());
  }

  /** Does one action; false when there is nothing to do but wait. */
  async step(): Promise<boolean> {
    const action = this.next();
    switch (action.type) {
      case 'done':
      case 'wait':
        return false;
      case 'call':
        this.begin(action);
        this.keep(await this.callOf(action));
        return true;
      case 'lookup':
        await this.#lookUp(action.operation);
        return true;
      case 'record':
        this.record(
          action.outcomes.map((outcome) =>
            recorded(this.paymentId, {
              type: 'operation',
              id: factId(outcome.operation, outcome.outcome, String(this.rows.length)),
              at: this.at,
              source: 'clock',
              ...outcome,
            }),
          ),
        );
        return true;
      case 'request': {
        const { kind, operation, minor, participant, parent } = action;
        const asked = { minor, currency: 'EUR' };
        const details = { asked, participant, ...(parent === undefined ? {} : { parent }) };
        this.record([recorded(this.paymentId, requested(operation, kind, this.at, details))]);
        return true;
      }
      case 'refund_rest': {
        const operation = operations.cancelRefund(this.paymentId, action.ordinal);
        const asked = { minor: action.minor, currency: 'EUR' };
        const details = { asked, parent: action.parent, reason: action.reason };
        this.record([recorded(this.paymentId, requested(operation, 'refund', this.at, details))]);
        return true;
      }
    }
  }

  /** Until nothing is due; the clock jumps to whatever is, at most this far in all. */
  async settle(withinMs = 7 * 24 * 3_600_000): Promise<void> {
    const end = this.now + withinMs;
    for (let steps = 0; steps < 500; steps += 1) {
      if (await this.step()) continue;
      const action = this.next();
      if (action.type !== 'wait' || action.until === undefined || action.until > end) return;
      this.now = Math.max(this.now + 1, action.until);
    }
    throw new Error(`no end after 500 steps: ${JSON.stringify(this.next())}`);
  }

  /** The call is written down, and then nothing: as after a crash. */
  begin(action: Extract<Action, { type: 'call' }>): void {
    const own = this.known.intent.own.find((each) => each.id === action.operation);
    const kind = action.call === 'cancel' ? 'void' : (own?.kind ?? 'authorization');
    const details = {
      ...(own?.asked ? { asked: own.asked } : {}),
      ...(own?.parent === undefined ? {} : { parent: own.parent }),
      ...(action.reason === undefined ? {} : { reason: action.reason }),
      ...(own?.participant === undefined ? {} : { participant: own.participant }),
    };
    const fact = requested(action.operation, kind, this.at, details);
    const id = factId(action.operation, 'requested', String(action.number));
    this.record([recorded(this.paymentId, { ...fact, id, call: action.number })]);
  }

  callOf(action: Extract<Action, { type: 'call' }>): Promise<GatewayAnswer> {
    return callGateway(this.gateway, action, this.known, this.#beside());
  }

  /** An answer as it is recorded, however late. */
  keep(answer: GatewayAnswer): void {
    if ('payment' in answer && answer.payment) {
      this.#hasNextAction = answer.payment.nextAction !== undefined;
    }
    const messages = messagesOf(this.known.intent, answer);
    this.record(messages);
    if (messages.length > 0) this.polls = 0;
    // The gateway asked us to slow down.
    if (answer.result === 'not_attempted') this.now += 1_000;
    const authorization = statusOf(this.known, operations.authorization(this.paymentId));
    if (!isOpen(authorization)) this.#hasPaymentMethod = false;
  }

  async #lookUp(operation: string): Promise<void> {
    const own = this.known.intent.own.find((each) => each.id === operation);
    if (!own) throw new Error(`nothing asked for under ${operation}`);
    const answer = await lookUp(this.gateway, own, this.known);
    this.polls += 1;
    this.polledAt = this.now;
    if (answer.result === 'answered') this.keep(answer);
    const at = new Date(this.now);
    for (const outcome of concludedFrom(this.known, operation, answer, this.limits, at)) {
      const id = factId(outcome.operation, outcome.outcome, String(this.rows.length));
      const fact = { type: 'operation', id, at: this.at, source: 'clock', ...outcome } as const;
      this.record([recorded(this.paymentId, fact)]);
    }
  }

  #progress(): Progress {
    return {
      now: this.now,
      polls: this.polls,
      accountStopped: this.accountStopped,
      hasPaymentMethod: this.#hasPaymentMethod,
      hasNextAction: this.#hasNextAction,
      ...(this.passesSharesOn
        ? { reaches: (name: string) => this.gateway.participants.reaches(name) }
        : {}),
      ...(this.polledAt === undefined ? {} : { polledAt: this.polledAt }),
      ...(this.toldAt === undefined ? {} : { gatewayToldAt: this.toldAt }),
    };
  }

  #beside(): BesideLog {
    return {
      touches: 1,
      lease: null,
      dueAt: null,
      polls: this.polls,
      polledAt: null,
      verifyAt: null,
      notBefore: null,
      state: null,
      gatewayToldAt: null,
      hasPrivate: this.#hasPaymentMethod,
      paymentMethod: this.#paymentMethod,
      customerReference: null,
      returnUrl: null,
      nextAction: null,
    };
  }
}

interface Common {
  readonly storefront: string;
  readonly orderId: string;
  readonly paymentId: string;
  readonly attempt: number;
  readonly id: string;
  readonly at: string;
  readonly byMessage: boolean;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
