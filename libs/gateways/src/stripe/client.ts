import Stripe from 'stripe';
import type { GatewayAccount } from '../accounts.js';
import { GatewayFault } from '../fault.js';
import type {
  AuthorizeRequest,
  Call,
  CancelRequest,
  CaptureRequest,
  GatewayClient,
  IncrementRequest,
  OursWithAmount,
  PaymentAnswer,
  PaymentLookup,
  PaymentQuery,
  RefundAnswer,
  RefundLookup,
  RefundQuery,
  RefundRequest,
} from '../port.js';
import { toStripeAmount } from './currency.js';
import { failureOf } from './failures.js';
import { amountMetadata, METADATA } from './metadata.js';
import { observePayment, observeRefund } from './observe.js';
import { findPayment, findRefund } from './lookup.js';
import { parsePaymentIntent, parseRefund } from './shapes.js';
import { createTransfers } from './transfers.js';

/** Stripe may forget keys after 24 hours; half of that leaves room for our own delays. */
const REPEAT_WITHIN_MS = 12 * 60 * 60 * 1000;

/** "A PaymentIntent that is not captured is canceled after 7 days by default." */
const VALID_DAYS = 7;

export interface StripeClientOptions {
  /** For one call, connecting included. Passed: the outcome is unknown. */
  readonly timeoutMs: number;
  readonly now?: () => Date;
}

/** Our port on the official SDK. Idempotency key = operation id; nothing is retried here. */
export function createStripeClient(
  account: GatewayAccount,
  options: StripeClientOptions,
): GatewayClient {
  const stripe = createSdk(account, options.timeoutMs);
  const now = (): string => (options.now?.() ?? new Date()).toISOString();
  const keyed = (operationId: string) => ({ idempotencyKey: operationId });

  async function askPayment(
    about: Call,
    ask: () => Promise<Stripe.PaymentIntent>,
  ): Promise<PaymentAnswer> {
    try {
      const payment = observePayment(checked(parsePaymentIntent(await ask())));
      return { result: 'answered', about, at: now(), payment };
    } catch (error) {
      return failureOf(error, about, now());
    }
  }

  const shares = account.participants && createTransfers({ stripe, account, now });
  return {
    account: account.account,
    ...(shares && { participants: shares }),
    repeatWithinMs: REPEAT_WITHIN_MS,
    authorizationValidMs: (account.authorizationValidDays ?? VALID_DAYS) * 86_400_000,

    async authorize(request: AuthorizeRequest): Promise<PaymentAnswer> {
      const about = callOf(account, 'authorization', request, request.amount);
      const amount = toStripeAmount(request.amount);
      if (!amount.ok) return invalidAmount(about, now(), amount.problem);
      return askPayment(about, () =>
        stripe.paymentIntents.create(
          createParams(request, amount.amount, amount.currency),
          keyed(request.operationId),
        ),
      );
    },

    async increment(request: IncrementRequest): Promise<PaymentAnswer> {
      const about = callOf(account, 'increment', request, request.amount);
      const total = toStripeAmount(request.total);
      if (!total.ok) return invalidAmount(about, now(), total.problem);
      const answer = await askPayment(about, () =>
        stripe.paymentIntents.incrementAuthorization(
          request.containerId,
          {
            amount: total.amount,
            metadata: amountMetadata(request.operationId, request.amount.minor),
          },
          keyed(request.operationId),
        ),
      );
      return doneBefore(answer, request.operationId);
    },

    async capture(request: CaptureRequest): Promise<PaymentAnswer> {
      const about = callOf(account, 'capture', request, request.amount);
      const amount = toStripeAmount(request.amount);
      if (!amount.ok) return invalidAmount(about, now(), amount.problem);
      const answer = await askPayment(about, () =>
        stripe.paymentIntents.capture(
          request.containerId,
          {
            amount_to_capture: amount.amount,
            // Sent only when it differs from the default: not every account may say it.
            ...(request.final === false ? { final_capture: false } : {}),
            metadata: amountMetadata(request.operationId, request.amount.minor),
          },
          keyed(request.operationId),
        ),
      );
      return doneBefore(answer, request.operationId);
    },

    async cancel(request: CancelRequest): Promise<PaymentAnswer> {
      const about: Call = {
        ...callOf(account, 'void', request),
        sessionOperationId: request.sessionOperationId,
      };
      const answer = await askPayment(about, () =>
        stripe.paymentIntents.cancel(
          request.containerId,
          { cancellation_reason: request.reason },
          keyed(request.operationId),
        ),
      );
      // Canceled already, by whomever: a void is a goal, and it is reached.
      return answer.result === 'refused' && answer.payment?.status === 'canceled'
        ? { result: 'answered', about, at: answer.at, payment: answer.payment }
        : answer;
    },

    async refund(request: RefundRequest): Promise<RefundAnswer> {
      const about = callOf(account, 'refund', request, request.amount);
      const amount = toStripeAmount(request.amount);
      if (!amount.ok) return invalidAmount(about, now(), amount.problem);
      try {
        const refund = await stripe.refunds.create(
          {
            payment_intent: request.containerId,
            amount: amount.amount,
            metadata: {
              [METADATA.payment]: request.paymentId,
              [METADATA.refund]: request.operationId,
            },
          },
          keyed(request.operationId),
        );
        const seen = observeRefund(checked(parseRefund(refund)));
        return { result: 'answered', about, at: now(), refund: seen };
      } catch (error) {
        return refundFailure(failureOf(error, about, now()));
      }
    },

    async lookupPayment(query: PaymentQuery): Promise<PaymentLookup> {
      const about: Call = { ...callOf(account, query.kind, query, query.amount), source: 'poll' };
      try {
        const found = await findPayment(stripe, query, Date.parse(now()));
        return found.result === 'found'
          ? { result: 'answered', about, at: now(), payment: found.payment }
          : { result: 'not_found', about, at: now(), by: found.by };
      } catch (error) {
        return failureOf(error, about, now());
      }
    },

    async lookupRefund(query: RefundQuery): Promise<RefundLookup> {
      const about: Call = { ...callOf(account, 'refund', query), source: 'poll' };
      try {
        const found = await findRefund(stripe, query);
        return found.result === 'found'
          ? { result: 'answered', about, at: now(), refund: found.refund }
          : { result: 'not_found', about, at: now(), by: found.by };
      } catch (error) {
        return refundFailure(failureOf(error, about, now()));
      }
    },
  };
}

/** The SDK for an account, with every automatism off. */
export function createSdk(account: GatewayAccount, timeoutMs: number): Stripe {
  if (account.apiKey === undefined) {
    throw new GatewayFault(
      'configuration',
      `account ${account.account} was read without its API key: read the accounts with secrets 'api' or 'all'`,
      false,
    );
  }
  const url = new URL(account.apiBaseUrl);
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  return new Stripe(account.apiKey, {
    host: url.hostname,
    port: url.port === '' ? (protocol === 'http' ? 80 : 443) : Number(url.port),
    protocol,
    timeout: timeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: withoutHiddenRepeat(Stripe.createNodeHttpClient()),
  });
}

/**
 * The SDK repeats a call once when its connection was closed, even with retries off. A closed connection is an unknown
 * outcome, and each call must be written down before it is made: the error keeps its message and loses the code that
 * triggers the repeat.
 */
function withoutHiddenRepeat(client: Stripe.HttpClient): Stripe.HttpClient {
  const makeRequest = client.makeRequest.bind(client);
  client.makeRequest = async (...args: Parameters<typeof makeRequest>) => {
    try {
      return await makeRequest(...args);
    } catch (error) {
      const code = codeOf(error);
      // A timeout is not repeated anyway, and must stay recognisable.
      if (code === undefined || code === 'ETIMEDOUT') throw error;
      throw new Error(`the connection failed with ${code}`, { cause: error });
    }
  };
  return client;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Several captures and increments are there only where the account has them, and only when asked for now. */
const HELD = {
  capture_method: 'manual',
  payment_method_options: {
    card: {
      request_multicapture: 'if_available',
      request_incremental_authorization: 'if_available',
    },
  },
} as const;

function createParams(
  request: AuthorizeRequest,
  amount: number,
  currency: string,
): Stripe.PaymentIntentCreateParams {
  const { returnUrl, customerReference, description, captureOperationId, shared } = request;
  return {
    amount,
    currency,
    confirm: true,
    payment_method: request.paymentMethod,
    ...(request.captureMode === 'manual' ? HELD : { capture_method: 'automatic' }),
    ...(customerReference === undefined ? {} : { customer: customerReference }),
    ...(description === undefined ? {} : { description }),
    // Without a return URL no method that redirects may be chosen; a card may still ask for the SDK's dialog.
    automatic_payment_methods: {
      enabled: true,
      allow_redirects: returnUrl === undefined ? 'never' : 'always',
    },
    ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
    // The group that its transfers name too.
    ...(shared === true ? { transfer_group: request.paymentId } : {}),
    metadata: {
      [METADATA.payment]: request.paymentId,
      [METADATA.session]: request.sessionOperationId,
      [METADATA.authorization]: request.operationId,
      ...(captureOperationId === undefined ? {} : { [METADATA.capture]: captureOperationId }),
    },
  };
}

type Asked = Pick<Call, 'paymentId' | 'operationId' | 'call'> & {
  readonly sessionOperationId?: string;
  readonly captureOperationId?: string;
};

function callOf(
  account: GatewayAccount,
  kind: Call['kind'],
  asked: Asked,
  amount?: Call['amount'],
): Call {
  const { paymentId, operationId, call, sessionOperationId, captureOperationId } = asked;
  return {
    account: account.account,
    paymentId,
    operationId,
    kind,
    call,
    source: 'response',
    ...(amount === undefined ? {} : { amount }),
    ...(sessionOperationId === undefined ? {} : { sessionOperationId }),
    ...(captureOperationId === undefined ? {} : { captureOperationId }),
  };
}

/**
 * A capture or an increment that is refused because it is done. The gateway wrote our operation id down together with doing it, so the
 * refusal of the repeat is the answer of the first call.
 */
function doneBefore(answer: PaymentAnswer, operationId: string): PaymentAnswer {
  if (answer.result !== 'refused' || answer.payment === undefined) return answer;
  const { payment, about, at } = answer;
  const isThis = (one: OursWithAmount) => one.operationId === operationId;
  const done =
    payment.ours.increments.some(isThis) ||
    (payment.captured.minor > 0n && payment.ours.captures.some(isThis));
  return done ? { result: 'answered', about, at, payment } : answer;
}

function invalidAmount(about: Call, at: string, problem: string) {
  const message = `Stripe does not take this amount: ${problem}`;
  return { result: 'refused', about, at, reason: problem, message, field: 'amount' } as const;
}

/** A refund is never declined by a card; should the gateway say so, no money moved. */
function refundFailure(answer: Exclude<PaymentAnswer, { result: 'answered' }>): RefundAnswer {
  if (answer.result !== 'declined') return answer;
  const { about, at, decline } = answer;
  return {
    result: 'refused',
    about,
    at,
    reason: decline.declineCode,
    message: `The gateway declined the refund: ${decline.declineCode}`,
  };
}

function checked<T>(
  parsed: { ok: true; value: T } | { ok: false; path: string; error: string },
): T {
  if (parsed.ok) return parsed.value;
  throw new GatewayFault('answer_unreadable', `${parsed.path} ${parsed.error}`, false);
}
