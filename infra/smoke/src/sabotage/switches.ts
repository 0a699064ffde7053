import type { Act } from '../act.js';
import type { Invariant } from '../witness.js';

/** One defence, taken out of a copy of the code: see the patch of the same name. */
export interface Switch {
  readonly name: string;
  /** For the table. */
  readonly removes: string;
  readonly brokers: 1 | 3;
  /** The fault that the defence is against: acts of the first rounds, those of one list at the same time. */
  readonly provoke: readonly (readonly Act[])[];
  /** What must be broken then. */
  readonly caughtBy: readonly Invariant[];
}

/** A member's session is 6 s: its partitions are another's when it wakes up. */
const OUTLASTS_THE_SESSION_MS = 10_000;

const postgresAway: Act = { kind: 'kill', target: 'postgres', awayMs: 2_000 };
/** What comes late comes later still, and then all at once: twins and references race each other. */
const webhooksLate: Act = {
  kind: 'freeze',
  target: 'webhook-ingest',
  which: 'all',
  frozenMs: 3_000,
};

const dead = (
  target: 'payment-state' | 'fulfillment' | 'webhook-ingest',
  failpoint: string,
): Act => ({
  kind: 'failpoint',
  target,
  which: 1,
  failpoint: `${failpoint}=kill`,
  frozenMs: 0,
});

const frozen = (which: number, failpoint: string): Act => ({
  kind: 'failpoint',
  target: 'payment-state',
  which,
  failpoint: `${failpoint}=freeze`,
  frozenMs: OUTLASTS_THE_SESSION_MS,
});

/** In the order of what they take away: what is promised, what is read, what is written, what is done. */
export const SWITCHES: readonly Switch[] = [
  {
    name: 'ack-before-commit',
    removes: 'a webhook is acknowledged only when it is on disk',
    brokers: 1,
    provoke: [
      [postgresAway],
      [{ kind: 'kill', target: 'webhook-ingest', which: 'all', awayMs: 0 }],
    ],
    caughtBy: ['acked-webhook-stored'],
  },
  {
    name: 'offset-before-effects',
    removes: 'an offset moves in the commit of its effects',
    brokers: 1,
    provoke: [
      [dead('payment-state', 'event-sourcing.offset.after:5')],
      [dead('webhook-ingest', 'event-sourcing.offset.after:5')],
      [dead('fulfillment', 'event-sourcing.offset.after:5')],
    ],
    caughtBy: [
      'stored-webhook-applied',
      'state-as-the-gateway-says',
      'released-when-paid',
      'log-equals-topic',
      'ledger-balanced',
    ],
  },
  {
    name: 'number-outside-head-lock',
    removes: 'positions are numbered under the lock of the lane’s head',
    brokers: 1,
    provoke: [[postgresAway], [postgresAway]],
    caughtBy: ['positions-gapless', 'chains-verify', 'log-equals-topic'],
  },
  {
    name: 'drop-by-watermark',
    removes: 'a fact counts whenever it comes',
    brokers: 1,
    provoke: [[webhooksLate], [webhooksLate]],
    caughtBy: ['stored-webhook-applied', 'state-as-the-gateway-says'],
  },
  {
    name: 'resolve-without-second-look',
    removes: 'whoever parks or stores a reference looks again, and so does a sweep',
    brokers: 1,
    provoke: [[webhooksLate], [{ kind: 'kill', target: 'kafka', awayMs: 3_000 }]],
    caughtBy: ['stored-webhook-applied', 'nothing-parked'],
  },
  {
    name: 'retry-unknown-with-new-key',
    removes: 'a call is repeated with the key of the first',
    brokers: 1,
    provoke: [[{ kind: 'kill', target: 'intent', which: 'all', awayMs: 0 }]],
    caughtBy: ['captured-once', 'refunded-once'],
  },
  {
    name: 'kafkajs-own-retries',
    removes: 'our relay repeats a send itself, until every partition has answered',
    brokers: 3,
    // Relays that were frozen have rows of several partitions to send when the leader is gone.
    provoke: Array.from({ length: 10 }, (_, round) => [
      { kind: 'kill', target: 'kafka', awayMs: 4_000, broker: round + 1 },
      { kind: 'freeze', target: 'intent', which: 'all', frozenMs: 1_500 },
      { kind: 'freeze', target: 'payment-state', which: 'all', frozenMs: 1_500 },
      { kind: 'freeze', target: 'webhook-ingest', which: 'all', frozenMs: 1_500 },
    ]),
    caughtBy: ['log-equals-topic', 'acked-order-answered', 'released-when-paid'],
  },
  {
    name: 'release-on-label',
    removes: 'goods are released once an order, when its money is in',
    brokers: 1,
    provoke: [[webhooksLate], [webhooksLate]],
    caughtBy: ['released-once', 'released-after-capture'],
  },
  {
    name: 'jsonb-digest',
    removes: 'a row is stored as the bytes that its digest is of',
    brokers: 1,
    // Each lane is compared with its topic when another process takes it.
    provoke: [[{ kind: 'restart', target: 'payment-state', which: 'all' }], [postgresAway]],
    caughtBy: ['chains-verify', 'log-equals-topic'],
  },
  {
    name: 'no-fencing',
    removes: 'offsets and versions are compared, keys and versions are unique',
    brokers: 1,
    provoke: [
      [frozen(1, 'payment-state.append.before:3')],
      [frozen(2, 'payment-state.append.before:3')],
    ],
    caughtBy: ['versions-gapless', 'log-equals-topic', 'live-equals-rebuilt'],
  },
];

/** Throws when there is none, and says which there are. */
export function switchNamed(name: string): Switch {
  const found = SWITCHES.find((each) => each.name === name);
  if (found) return found;
  throw new Error(
    `there is no sabotage "${name}"; there are ${SWITCHES.map((each) => each.name).join(', ')}`,
  );
}
