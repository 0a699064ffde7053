import { concernsWholeAttempt, type ContainerEnd } from './container.js';
import type { Outcome } from './fact.js';
import { smaller } from './money.js';
import { counted, type Seen } from './operations.js';
import type { Operation } from './payment.js';

/** Id of the void that stands for what the gateway released by itself: by expiry, or with the end of the container. */
export const GATEWAY_RELEASE = 'released';

/** What became of authorized money that was not captured, in the locked currency. */
export interface Releases {
  /** What each succeeded void releases, by operation id. */
  readonly byVoid: ReadonlyMap<string, bigint>;
  /** Released because an authorization, or the container, expired. */
  readonly expired: bigint;
  /** Released otherwise without a void: authorization canceled, container canceled or paid with less. */
  readonly ended: bigint;
  /** Still held and not captured. */
  readonly left: bigint;
  /** Authorizations that still hold money or paid with it; not those given back as a whole. */
  readonly effective: readonly string[];
  /** Void and capture that can't both have happened in full. */
  readonly clashes: readonly (readonly string[])[];
}

/** One authorization while money is drawn from it and given back. */
interface Hold {
  readonly id: string;
  /** An increment belongs to the authorization it raises, and ends with it. */
  readonly family: string;
  readonly outcomes: ReadonlySet<Outcome>;
  readonly amount: bigint;
  drawn: bigint;
  released: bigint;
}

const rest = (hold: Hold): bigint => hold.amount - hold.drawn - hold.released;

/**
 * Authorized money is first drawn by captures; what is not captured is released by voids, then by expiry, then by the
 * end of the container. A void therefore never releases what was captured, and two reports of one void release once.
 */
export function releasesOf(
  seen: readonly Seen[],
  captures: readonly Operation[],
  locked: string | undefined,
  end: ContainerEnd | undefined,
): Releases {
  const operations = seen.map(({ operation }) => operation);
  const voids = operations.filter(({ kind, status }) => kind === 'void' && status === 'succeeded');
  const holds = holdsOf(seen, locked);
  const targets = (operation: Operation): readonly Hold[] =>
    concernsWholeAttempt(operation, operations)
      ? holds
      : holds.filter((hold) => belongsTo(hold, operation.parent));

  draw(inOrderOfDrawing(holds, new Set(voids.flatMap(targets))), captures, locked);
  const clashes = voids.flatMap((operation) =>
    clashOf(operation, targets(operation), captures, locked),
  );
  const byVoid = new Map(
    voids.map((operation) => [
      operation.id,
      release(targets(operation), namedAmount(operation, locked)),
    ]),
  );
  const lapsed = release(holds.filter(ended('expired')), undefined);
  const canceled = release(holds.filter(ended('canceled')), undefined);
  const atEnd = end ? release(holds, undefined) : 0n;
  return {
    byVoid,
    expired: end === 'expired' ? lapsed + atEnd : lapsed,
    ended: end === 'expired' ? canceled : canceled + atEnd,
    left: holds.reduce((sum, hold) => sum + rest(hold), 0n),
    effective: holds.filter((hold) => hold.released < hold.amount).map(({ id }) => id),
    clashes,
  };
}

const ended =
  (outcome: 'expired' | 'canceled') =>
  (hold: Hold): boolean =>
    hold.outcomes.has(outcome);

function holdsOf(seen: readonly Seen[], locked: string | undefined): Hold[] {
  const authorizations = seen.filter(({ operation }) => operation.kind === 'authorization');
  const byId = new Map(authorizations.map((one) => [one.operation.id, one]));
  return authorizations
    .filter(({ operation }) => counted(operation) > 0n && operation.amount?.currency === locked)
    .map((one) => {
      const { id, parent } = one.operation;
      const raised = parent === undefined ? undefined : byId.get(parent);
      return {
        id,
        family: raised?.operation.id ?? id,
        outcomes: new Set([...one.outcomes, ...(raised?.outcomes ?? [])]),
        amount: counted(one.operation),
        drawn: 0n,
        released: 0n,
      };
    });
}

function belongsTo(hold: Hold, authorization: string | undefined): boolean {
  return hold.family === authorization || hold.id === authorization;
}

/** A capture that doesn't say where it draws from draws from what is still held, last from what was given back. */
function inOrderOfDrawing(holds: readonly Hold[], voided: ReadonlySet<Hold>): readonly Hold[] {
  const givenBack = (hold: Hold): boolean =>
    voided.has(hold) || ended('expired')(hold) || ended('canceled')(hold);
  return [...holds.filter((hold) => !givenBack(hold)), ...holds.filter(givenBack)];
}

/** Captures draw from their own authorization first; what it can't cover is drawn from the others. */
function draw(
  holds: readonly Hold[],
  captures: readonly Operation[],
  locked: string | undefined,
): void {
  let uncovered = 0n;
  for (const capture of captures) {
    if (capture.amount?.currency !== locked) continue;
    const own = holds.filter((hold) => belongsTo(hold, capture.parent));
    uncovered += take(own, counted(capture), 'drawn');
  }
  take(holds, uncovered, 'drawn');
}

/** Takes up to `wanted` from the rests, in order; answers what they could not give. */
function take(holds: readonly Hold[], wanted: bigint, as: 'drawn' | 'released'): bigint {
  let missing = wanted;
  for (const hold of holds) {
    const part = smaller(rest(hold), missing);
    hold[as] += part;
    missing -= part;
  }
  return missing;
}

/** Releases the amount, or everything that rests; answers what was released. */
function release(holds: readonly Hold[], amount: bigint | undefined): bigint {
  const wanted = amount ?? holds.reduce((sum, hold) => sum + rest(hold), 0n);
  return wanted - take(holds, wanted, 'released');
}

function namedAmount(operation: Operation, locked: string | undefined): bigint | undefined {
  return operation.amount?.currency === locked ? operation.amount?.minor : undefined;
}

/** A void of more than captures left, or of nothing at all, means that void and capture both won. */
function clashOf(
  operation: Operation,
  targets: readonly Hold[],
  captures: readonly Operation[],
  locked: string | undefined,
): readonly (readonly string[])[] {
  const drawn = targets.reduce((sum, hold) => sum + hold.drawn, 0n);
  const left = targets.reduce((sum, hold) => sum + rest(hold), 0n);
  const named = namedAmount(operation, locked);
  const clash = drawn > 0n && (named === undefined ? left === 0n : named > left);
  if (!clash) return [];
  const taking = captures.filter((capture) => counted(capture) > 0n).map(({ id }) => id);
  return [[operation.id, ...taking]];
}
