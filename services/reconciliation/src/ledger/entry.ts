import { encode, LEDGER_ENTRIES, type MessageData, partitionOf, stableId } from '@paylog/contracts';
import type { NewRow } from '@paylog/event-sourcing';

export type EntryPosted = MessageData<typeof LEDGER_ENTRIES, 'EntryPosted'>;

/** An entry before it has an id: changes by account, debits positive, which add up to zero. */
export interface Booking {
  readonly currency: string;
  readonly changes: Readonly<Record<string, bigint>>;
  readonly reason: string;
  readonly causedBy: string;
  readonly valueDate: string;
  readonly bookedOn: string;
  readonly paymentId?: string;
  readonly statementId?: string;
}

/** The entry of a booking. `identity` is what it is posted for, once for ever. */
export function toEntry(booking: Booking, identity: readonly string[]): EntryPosted {
  const { changes, currency, ...rest } = booking;
  return {
    ...rest,
    entryId: stableId('ent', ...identity, currency),
    currency,
    lines: Object.entries(changes)
      .filter(([, change]) => change !== 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([account, change]) => ({
        account,
        side: change > 0n ? ('debit' as const) : ('credit' as const),
        minor: String(change > 0n ? change : -change),
      })),
  };
}

/** True where there is something to post. */
export function movesMoney({ changes }: Booking): boolean {
  return Object.values(changes).some((change) => change !== 0n);
}

export function toRow(entry: EntryPosted, at: string): NewRow {
  return {
    id: entry.entryId,
    type: 'EntryPosted',
    schemaVersion: 1,
    source: 'reconciliation',
    time: at,
    data: encode(LEDGER_ENTRIES, 'EntryPosted', entry),
    causationId: entry.causedBy,
    correlationId: entry.paymentId ?? entry.statementId ?? entry.entryId,
  };
}

/** A stream is a payment or a statement; its lane is its partition. */
export const laneOf = (stream: string): number => partitionOf(stream);

/** The calendar day of a moment, in UTC: `2026-03-01`. */
export function dayOf(instant: string): string {
  return new Date(instant).toISOString().slice(0, 10);
}
