import type { Fact, OperationFact } from '@paylog/payment-domain';
import {
  alias,
  captureOf,
  operation,
  paymentFacts,
  refundFacts,
  total,
  type FactOrigin,
  type OurNames,
  type Told,
  sessionOf,
  voided,
} from './observed-to-facts.js';
import { payoutFacts } from './payout-facts.js';
import type { Call, GatewayAnswer, ObservedPayment, Refused } from './port.js';

/**
 * What an answer to a call of ours means, as facts. Pure; the same answer gives the same facts and ids. A lookup that
 * got no answer, or found nothing, says nothing.
 */
export function factsOf(answer: GatewayAnswer): readonly Fact[] {
  const { about } = answer;
  const origin = originOf(about, answer.at);
  switch (answer.result) {
    case 'answered':
      if ('payout' in answer) return payoutFacts(origin, answer.payout, about.operationId);
      return 'refund' in answer
        ? refundFacts(origin, answer.refund, about.operationId)
        : seen(origin, about, answer.payment);
    case 'declined':
      return declined(origin, answer);
    case 'refused':
      if (about.source === 'poll') return [];
      return refused(origin, answer);
    case 'unknown':
    case 'not_attempted':
      if (about.source === 'poll') return [];
      return ownOperations(about, answer.result, answer.reason).map((told) =>
        operation(origin, told),
      );
    case 'not_found':
      return [];
  }
}

function originOf(about: Call, at: string): FactOrigin {
  const operations = [about.operationId, about.captureOperationId].filter(isDefined);
  return {
    scope: [about.source, about.account, about.operationId, String(about.call)],
    at,
    source: about.source,
    ...(about.source === 'poll' ? {} : { call: { number: about.call, operations } }),
  };
}

/** What an operation is to the payment: an increment is an authorization of its own. */
export function kindOf({ kind }: Call): OperationFact['kind'] {
  return kind === 'increment' ? 'authorization' : kind;
}

/** The operation called, and the capture that shares the fate of an automatic authorization. */
function ownOperations(about: Call, outcome: Told['outcome'], reason: string): Told[] {
  const own: Told[] = [{ operation: about.operationId, kind: kindOf(about), outcome, reason }];
  if (about.kind !== 'authorization') return own;
  if (about.captureOperationId !== undefined) {
    own.push({ operation: about.captureOperationId, kind: 'capture', outcome, reason });
  }
  return own;
}

function seen(origin: FactOrigin, about: Call, payment: ObservedPayment): Fact[] {
  if (about.kind === 'capture' && about.source === 'response') {
    return ownCapture(origin, about, payment);
  }
  const shown = about.kind === 'increment' ? withOwnIncrement(about, payment) : payment;
  const facts = paymentFacts(origin, about.paymentId, shown, namesFor(about, payment));
  facts.push(...ourCaptures(origin, payment), ...firstTry(origin, payment));
  if (about.kind === 'capture') facts.push(...captureNeverHappened(origin, about, payment));
  if (about.kind === 'increment') facts.push(...incrementNeverHappened(origin, about, payment));
  if (about.kind === 'void' && payment.status === 'succeeded') {
    facts.push(...voidOfPaid(origin, about, payment));
  }
  return facts;
}

/**
 * Somebody paid another way in our container: the first try was ours, and is over, for only then could there be another.
 */
function firstTry(origin: FactOrigin, payment: ObservedPayment): Fact[] {
  const { firstTry: first, ours, amount } = payment;
  if (first === undefined || ours.authorization === undefined) return [];
  const ended = first.cameBack
    ? ({ outcome: 'reversed', amount } as const)
    : ({ outcome: 'refused', reason: 'paid_another_way' } as const);
  const { authorizationId } = first;
  const authorization = { operation: ours.authorization, kind: 'authorization' } as const;
  const facts = [
    alias(origin, authorizationId, ours.authorization),
    operation(origin, { ...authorization, ...ended }),
  ];
  if (ours.capture === undefined) return facts;
  const capture = { operation: ours.capture, kind: 'capture' } as const;
  return [
    ...facts,
    alias(origin, captureOf(authorizationId), ours.capture),
    operation(origin, { ...capture, ...ended }),
  ];
}

/** Our increment call was answered: it added what it asked for, wherever the gateway writes that down. */
function withOwnIncrement(about: Call, payment: ObservedPayment): ObservedPayment {
  const { operationId, amount, source } = about;
  const { increments } = payment.ours;
  const written = increments.some((one) => one.operationId === operationId);
  if (written || source === 'poll' || amount === undefined) return payment;
  const all = [...increments, { operationId, minor: amount.minor }];
  return { ...payment, ours: { ...payment.ours, increments: all } };
}

/** Nothing can be added any more, and the gateway shows nothing of it. */
function incrementNeverHappened(origin: FactOrigin, about: Call, payment: ObservedPayment): Fact[] {
  const done = payment.ours.increments.some((one) => one.operationId === about.operationId);
  const over = payment.status === 'canceled' || payment.status === 'succeeded';
  if (done || !over || about.source === 'response') return [];
  const told = { kind: 'authorization', outcome: 'refused', reason: 'not_incremented' } as const;
  return [operation(origin, { operation: about.operationId, ...told })];
}

/**
 * The container was paid. With everything captured there was nothing to let go of. With less, our own call let go of the
 * rest; whoever only asks can't tell by what it went.
 */
function voidOfPaid(origin: FactOrigin, about: Call, payment: ObservedPayment): Fact[] {
  const { amount, captured, authorizationId } = payment;
  const rest = { ...amount, minor: amount.minor - captured.minor };
  if (rest.minor > 0n && about.source === 'response' && authorizationId !== undefined) {
    return voided(origin, authorizationId, rest, about.operationId);
  }
  const told =
    rest.minor > 0n
      ? ({ outcome: 'canceled', reason: 'nothing_left_to_void' } as const)
      : ({ outcome: 'refused', reason: 'already_captured' } as const);
  return [operation(origin, { operation: about.operationId, kind: 'void', ...told })];
}

function refused(origin: FactOrigin, answer: Refused): Fact[] {
  const { about, payment, reason } = answer;
  const facts: Fact[] = ownOperations(about, 'refused', reason).map((told) =>
    operation(origin, told),
  );
  if (about.kind === 'authorization') {
    // No container came to be, so there is none to cancel either.
    const session = about.sessionOperationId;
    return session === undefined
      ? facts
      : [
          ...facts,
          operation(origin, { operation: session, kind: 'session', outcome: 'refused', reason }),
        ];
  }
  if (payment === undefined) return facts;
  // The state that came with the refusal, which is about other operations than the one refused.
  const { void: _refused, ...names } = namesFor(about, payment);
  return [...facts, ...paymentFacts(origin, about.paymentId, payment, names)];
}

/**
 * A charge is ours only when our own call's answer names it, or when the payment knows of no other and carries our
 * operation's id: anybody who holds the client token can make another try with the same container.
 */
function namesFor(about: Call, payment: ObservedPayment): OurNames {
  const { ours } = payment;
  const answeredCall = about.kind === 'authorization' && about.source === 'response';
  const sole =
    answeredCall ||
    payment.authorizationId === undefined ||
    (payment.onlyAuthorization === true && ours.authorization !== undefined);
  const authorization = answeredCall ? about.operationId : ours.authorization;
  const capture = about.captureOperationId ?? ours.capture;
  return {
    session: about.sessionOperationId ?? ours.session ?? sessionOf(payment.containerId),
    ...(sole && authorization !== undefined ? { authorization } : {}),
    ...(sole && capture !== undefined ? { capture } : {}),
    ...(about.kind === 'void' ? { void: about.operationId } : {}),
  };
}

/** Our capture call was answered: it took exactly what it asked for, whatever the running total says. */
function ownCapture(origin: FactOrigin, about: Call, payment: ObservedPayment): Fact[] {
  const { authorizationId, captured, ours, status } = payment;
  const over = status === 'succeeded';
  const only = over && ours.captures.length <= 1 ? about.operationId : undefined;
  return [
    alias(origin, payment.containerId, about.paymentId),
    ...captureAlias(origin, authorizationId, only),
    operation(origin, {
      operation: about.operationId,
      kind: 'capture',
      outcome: 'succeeded',
      amount: about.amount ?? captured,
      ...(authorizationId === undefined ? {} : { parent: authorizationId }),
    }),
    ...(authorizationId === undefined || captured.minor === 0n
      ? []
      : [total(origin, authorizationId, captured)]),
    ...(over
      ? [
          operation(origin, {
            operation: namesFor(about, payment).session,
            kind: 'session',
            outcome: 'succeeded',
          }),
        ]
      : []),
  ];
}

/** The only capture there will be: what reports call by the authorization's id is this operation. */
function captureAlias(
  origin: FactOrigin,
  authorizationId: string | undefined,
  only: string | undefined,
): Fact[] {
  if (authorizationId === undefined || only === undefined) return [];
  return [alias(origin, captureOf(authorizationId), only)];
}

/** Captures of ours that the gateway wrote down together with doing them. */
function ourCaptures(origin: FactOrigin, payment: ObservedPayment): Fact[] {
  const { authorizationId, captured, ours, status } = payment;
  const explained = sum(ours.captures.map((capture) => capture.minor));
  // More than was captured in all: then something else than a capture wrote it, and none can be trusted.
  if (explained > captured.minor || authorizationId === undefined) return [];
  const [first, second] = ours.captures;
  const only = second === undefined && status === 'succeeded' ? first?.operationId : undefined;
  return [
    ...captureAlias(origin, authorizationId, only),
    ...ours.captures.map(({ operationId, minor }) =>
      operation(origin, {
        operation: operationId,
        kind: 'capture',
        outcome: 'succeeded',
        amount: { minor, currency: captured.currency },
        parent: authorizationId,
      }),
    ),
  ];
}

/** Nothing more can be captured, and other captures explain every cent that was: this one took nothing. */
function captureNeverHappened(origin: FactOrigin, about: Call, payment: ObservedPayment): Fact[] {
  const { captured, ours, status } = payment;
  const done = ours.captures.some((capture) => capture.operationId === about.operationId);
  const over = status === 'canceled' || status === 'succeeded';
  const explained = sum(ours.captures.map((capture) => capture.minor)) === captured.minor;
  if (done || !over || !explained) return [];
  return [
    operation(origin, {
      operation: about.operationId,
      kind: 'capture',
      outcome: 'refused',
      reason: 'not_captured',
    }),
  ];
}

type Declined = Extract<GatewayAnswer, { result: 'declined' }>;

function declined(origin: FactOrigin, answer: Declined): Fact[] {
  const { about, decline, payment, authorizationId } = answer;
  const own = ownOperations(about, 'refused', decline.declineCode).map((told) =>
    operation(origin, told),
  );
  if (about.kind !== 'authorization') return own;
  const session = about.sessionOperationId ?? payment?.ours.session;
  return [
    ...(payment === undefined ? [] : [alias(origin, payment.containerId, about.paymentId)]),
    ...(authorizationId === undefined ? [] : [alias(origin, authorizationId, about.operationId)]),
    ...own,
    // Still open at the gateway: nothing may be tried in its place before it is canceled there.
    ...(payment === undefined || session === undefined
      ? []
      : [
          operation(origin, {
            operation: session,
            kind: 'session',
            outcome: 'pending',
            reason: decline.declineCode,
          }),
        ]),
  ];
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((left, right) => left + right, 0n);
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
