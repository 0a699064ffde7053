import { createHash } from 'node:crypto';
import type { Append } from '@paylog/event-sourcing';
import { type Fact, isUnclaimed, type Payment, type Transition } from '@paylog/payment-domain';
import { type Balances, balancesOf, difference } from './balances.js';
import { dayOf, laneOf, toEntry, toRow } from './entry.js';
import { type Expectation, expectationsOf } from './expectations.js';
import { type ExceptionNews, newsOf } from './found-exceptions.js';
import { type StoredBook, toStoredBook } from './stored-book.js';

/** One event of a payment, as the ledger reads it. */
export interface Change {
  readonly paymentId: string;
  readonly version: number;
  readonly fact: Fact;
  readonly state: Payment;
  readonly transitions: readonly Transition[];
  readonly traceparent?: string;
}

/** The books of one payment: what was posted for it, up to which version of it. */
export interface Book {
  readonly version: number;
  /** The gateway account; unknown before the terms are. */
  readonly account?: string;
  readonly balances: Balances;
  readonly expectations: readonly Expectation[];
  /** The gateway's containers (Stripe: payment intents) that stand for the payment. */
  readonly containers: readonly string[];
  /** It was found at the gateway, under this id there, and no order has it. */
  readonly found?: string;
  /** Its facts are told in this payment since an operator gave it away. */
  readonly adoptedInto?: string;
  /** Version of the payment's stream in the ledger. */
  readonly ledgerVersion: number;
}

export const NEW_BOOK: Book = {
  version: 0,
  balances: {},
  expectations: [],
  containers: [],
  ledgerVersion: 0,
};

export interface Postings {
  /** One append a change that moves money. */
  readonly appends: readonly Append[];
  /** What each append is for, beside `appends`. */
  readonly posted: readonly Change[];
  /** Go with the flush: the books after it, and the settlement facts of ours that came back. */
  readonly effects: {
    readonly payments: readonly StoredBook[];
    readonly heard: readonly string[];
    /** Exceptions about payments that nobody asked us for, opened and resolved. */
    readonly news?: readonly ExceptionNews[];
  };
}

/**
 * Events to entries: the difference between what the state amounts to and what was posted last. A version at or below
 * the posted one leaves nothing, so a duplicate changes nothing and a late replay can't take anything back. What has one
 * of the keys in `stored` is in the ledger, though the books don't know it (yet, or after a restored backup).
 */
export function post(
  books: ReadonlyMap<string, Book>,
  changes: readonly Change[],
  now: string,
  stored: ReadonlySet<string> = new Set(),
): Postings {
  const open = new Map<string, Book>();
  const appends: Append[] = [];
  const posted: Change[] = [];
  const heard: string[] = [];
  const news: ExceptionNews[] = [];
  for (const change of changes) {
    const { paymentId, fact } = change;
    if (fact.source === 'settlement') heard.push(fact.id);
    const before = open.get(paymentId) ?? books.get(paymentId) ?? NEW_BOOK;
    if (change.version <= before.version) continue;
    const next = nextBook(before, change);
    news.push(...newsOf(before, next, change, now));
    const append = toAppend(before, next, change, now);
    if (!append || stored.has(append.key)) {
      open.set(paymentId, next);
      continue;
    }
    open.set(paymentId, { ...next, ledgerVersion: before.ledgerVersion + append.rows.length });
    appends.push(append);
    posted.push(change);
  }
  const payments = [...open].map(([paymentId, book]) => toStoredBook(paymentId, book));
  return { appends, posted, effects: { payments, heard, ...(news.length > 0 && { news }) } };
}

function nextBook(before: Book, { paymentId, version, fact, state }: Change): Book {
  const names = fact.type === 'alias' && fact.target === paymentId ? [fact.alias] : [];
  const containers = [...new Set([...before.containers, ...names])];
  const { found: _found, ...rest } = before;
  const account = state.terms?.account ?? state.origin?.account;
  const adopted = state.adoptions?.find(({ payment }) => payment === paymentId);
  const moved = adopted !== undefined && adopted.into !== paymentId;
  return {
    ...rest,
    version,
    ...(account !== undefined && { account }),
    ...(isUnclaimed(state) && state.origin && { found: state.origin.object }),
    ...(moved && { adoptedInto: adopted.into }),
    balances: balancesOf(state),
    containers,
    expectations: expectationsOf(paymentId, state, containers, fact, before.expectations),
  };
}

function toAppend(before: Book, after: Book, change: Change, now: string): Append | undefined {
  const { paymentId, version, fact, traceparent } = change;
  const differences = Object.entries(difference(before.balances, after.balances));
  if (differences.length === 0) return undefined;
  const entries = differences.map(([currency, changes]) =>
    toEntry(
      {
        currency,
        changes,
        reason: reasonOf(change, before, currency),
        causedBy: fact.id,
        valueDate: dayOf(fact.at),
        bookedOn: dayOf(now),
        paymentId,
      },
      [paymentId, String(version)],
    ),
  );
  const key = `payment/${paymentId}/${version}`;
  return {
    lane: laneOf(paymentId),
    stream: paymentId,
    expectedVersion: before.ledgerVersion,
    key,
    // The key is the payment's version: whatever was posted for it, on whichever day, is the posting.
    contentDigest: createHash('sha256').update(key).digest(),
    rows: entries.map((entry) => ({
      ...toRow(entry, now),
      ...(traceparent !== undefined && { traceparent }),
    })),
    effects: { entries, payment: toStoredBook(paymentId, after) },
  };
}

/** What happened, in a word, where one thing did. */
function reasonOf({ version, fact, transitions }: Change, before: Book, currency: string): string {
  if (version !== before.version + 1) return 'corrected';
  const sum = (kind: Transition['kind']) =>
    transitions
      .filter((each) => each.kind === kind && each.currency === currency)
      .reduce((total, { delta }) => total + delta, 0n);
  const moved = REASONS.flatMap(([kind, more, less]) => {
    const delta = sum(kind);
    return delta === 0n ? [] : [delta > 0n ? more : less];
  });
  const [only] = moved;
  if (moved.length === 1 && only !== undefined) return only;
  const decided = fact.type === 'dispute' && moved.length === 0;
  return decided ? `dispute_${fact.outcome}` : 'corrected';
}

/** Kind, and what it is called when it moves more and when it moves less. */
const REASONS = [
  ['capture', 'captured', 'capture_reversed'],
  ['refund', 'refunded', 'refund_reversed'],
  ['dispute_withdrawal', 'dispute_withdrawn', 'dispute_withdrawal_reversed'],
  ['dispute_reinstatement', 'dispute_reinstated', 'dispute_reinstatement_reversed'],
  ['participant_payout', 'participant_paid', 'participant_payout_reversed'],
  ['participant_payout_reversal', 'participant_payout_taken_back', 'participant_payout_left'],
] as const;
