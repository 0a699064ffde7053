import { captureOf } from '@paylog/gateways';
import {
  type Fact,
  FOREIGN_CAPTURE,
  type Money,
  type Operation,
  type Payment,
} from '@paylog/payment-domain';

type DisputeMoney = 'dispute_withdrawal' | 'dispute_reinstatement';
/** What moves once, when it succeeds, and is told by an id of its own. */
type Movement = DisputeMoney | 'participant_payout' | 'participant_payout_reversal';

/** Kinds of report lines that one of our operations brings. */
export type ExpectedKind = 'capture' | 'capture_reversal' | 'refund' | 'refund_reversal' | Movement;

/** due: a report must name it by T+n; possible: it may, now or later; not_happened: a report that names it is wrong. */
export type Standing = 'due' | 'possible' | 'not_happened';

/** A line that a report should hold of a payment. */
export interface Expectation {
  readonly operation: string;
  readonly kind: ExpectedKind;
  readonly standing: Standing;
  /** Never negative; `signedMinor` gives it the report's sign. */
  readonly amount: Money;
  /** What exceptions name: the charge or refund at the gateway. */
  readonly gatewayObject: string;
  /** Every id that means this very operation. */
  readonly ids: readonly string[];
  /** `ids`, and what its payment is known by. */
  readonly names: readonly string[];
  /** When it happened, as the earliest fact has it that says so. */
  readonly occurredAt: string;
}

/** Money that leaves us is negative in a report. */
export function signedMinor({ kind, amount }: Pick<Expectation, 'kind' | 'amount'>): bigint {
  switch (kind) {
    case 'refund':
    case 'capture_reversal':
    case 'dispute_withdrawal':
    case 'participant_payout':
      return -amount.minor;
    case 'capture':
    case 'refund_reversal':
    case 'dispute_reinstatement':
    case 'participant_payout_reversal':
      return amount.minor;
  }
}

const OUR_ID = /^[a-z]{3}[a-z2-7]{26}$/;

/**
 * What reports should hold of a payment, by its state. The state does not say when; `fact` is what led to it, `before`
 * what was expected until then.
 */
export function expectationsOf(
  paymentId: string,
  payment: Payment,
  containers: readonly string[],
  fact: Fact,
  before: readonly Expectation[],
): readonly Expectation[] {
  const captures = payment.operations.filter(({ kind }) => kind === 'capture');
  return payment.operations.flatMap((operation) => {
    const amount = operation.amount ?? operation.asked;
    if (amount === undefined) return [];
    const ids = idsOf(operation, payment);
    return standings(operation, captures).map(({ kind, standing }) => {
      const ofPayment = kind === 'capture' ? [paymentId, ...containers] : [];
      // A report names the movement, its case, or both; the case alone may have several.
      const ofCase =
        isDisputeMoney(kind) && operation.parent !== undefined ? [operation.parent] : [];
      const expected = {
        operation: operation.id,
        kind,
        standing,
        amount,
        gatewayObject: objectOf(operation, ids),
        ids,
        names: [...new Set([...ids, ...ofPayment, ...ofCase])],
      };
      return { ...expected, occurredAt: occurredAt(expected, fact, before) };
    });
  });
}

interface KindAndStanding {
  readonly kind: ExpectedKind;
  readonly standing: Standing;
}

function standings(
  operation: Operation,
  captures: readonly Operation[],
): readonly KindAndStanding[] {
  if (operation.kind === 'capture') return captureStanding(operation, captures);
  if (operation.kind === 'refund') return refundStanding(operation);
  if (isMovement(operation.kind)) return movementStanding(operation.kind, operation);
  return [];
}

function isMovement(kind: Operation['kind']): kind is Movement {
  return (
    isDisputeMoney(kind) || kind === 'participant_payout' || kind === 'participant_payout_reversal'
  );
}

function isDisputeMoney(kind: string): kind is DisputeMoney {
  return kind === 'dispute_withdrawal' || kind === 'dispute_reinstatement';
}

function movementStanding(kind: Movement, { status }: Operation): readonly KindAndStanding[] {
  switch (status) {
    case 'succeeded':
      return [{ kind, standing: 'due' }];
    case 'pending':
    case 'unknown':
    case 'reversed':
      return [{ kind, standing: 'possible' }];
    default:
      return [];
  }
}

function captureStanding(
  { id, status }: Operation,
  captures: readonly Operation[],
): readonly KindAndStanding[] {
  switch (status) {
    case 'succeeded': {
      // What a running total has beyond the captures we know one by one is no line of its own.
      const remainder = isMadeUp(id) && captures.length > 1;
      return [{ kind: 'capture', standing: remainder ? 'possible' : 'due' }];
    }
    case 'reversed':
      return [
        { kind: 'capture', standing: 'possible' },
        { kind: 'capture_reversal', standing: 'possible' },
      ];
    case 'contradicted':
      return [{ kind: 'capture', standing: 'not_happened' }];
    default:
      return [];
  }
}

/** A refund moves the gateway's balance when it is made, before anybody knows whether it will succeed. */
function refundStanding({ status }: Operation): readonly KindAndStanding[] {
  switch (status) {
    case 'succeeded':
      return [{ kind: 'refund', standing: 'due' }];
    case 'requested':
    case 'unknown':
    case 'pending':
      return [{ kind: 'refund', standing: 'possible' }];
    case 'reversed':
    case 'canceled':
      return [
        { kind: 'refund', standing: 'possible' },
        { kind: 'refund_reversal', standing: 'possible' },
      ];
    case 'refused':
    case 'expired':
    case 'contradicted':
      return [{ kind: 'refund', standing: 'not_happened' }];
    case 'not_attempted':
      return [];
  }
}

function idsOf(operation: Operation, payment: Payment): readonly string[] {
  const { id, aliases, parent, kind } = operation;
  const own = isMadeUp(id) ? aliases : [id, ...aliases];
  if (kind !== 'capture' || parent === undefined) return own;
  // A report names a capture by the charge it was taken from.
  const authorization = payment.operations.find(
    (other) => other.kind === 'authorization' && other.id === parent,
  );
  return [...new Set([...own, parent, ...(authorization?.aliases ?? [])])];
}

/** `foreign` and `foreign/USD` exist in many payments: no name. */
function isMadeUp(id: string): boolean {
  return id === FOREIGN_CAPTURE || id.startsWith(`${FOREIGN_CAPTURE}/`);
}

function objectOf({ id }: Operation, ids: readonly string[]): string {
  const theirs = ids.filter((each) => !OUR_ID.test(each) && !each.endsWith('/capture'));
  const taken = theirs.find((each) => ids.includes(captureOf(each)));
  const named = ids.find((each) => each.endsWith('/capture'))?.slice(0, -'/capture'.length);
  return taken ?? theirs[0] ?? named ?? id;
}

/**
 * The earliest fact that gave it its present standing. A refund asked for before a payout and done after it is not due in
 * that payout, so what was said of another standing does not count.
 */
function occurredAt(
  now: Omit<Expectation, 'occurredAt'>,
  fact: Fact,
  before: readonly Expectation[],
): string {
  const known = before.find(
    (prior) =>
      prior.kind === now.kind &&
      prior.standing === now.standing &&
      (prior.operation === now.operation || prior.ids.some((id) => now.ids.includes(id))),
  );
  if (known === undefined) return fact.at;
  const tells =
    fact.type === 'operation' && fact.outcome === 'succeeded' && now.ids.includes(fact.operation);
  const earlier = tells && Date.parse(fact.at) < Date.parse(known.occurredAt);
  return earlier ? fact.at : known.occurredAt;
}
