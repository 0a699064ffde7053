import { NEW_BOOK, post, type Book, type Change } from '../ledger/post.js';
import { fromStoredBook } from '../ledger/stored-book.js';
import type { EntryPosted } from '../ledger/entry.js';
import type { Candidate } from '../statement/match.js';

/** The ledger without a database: books by payment, and every entry posted. */
export class MemoryLedger {
  readonly books = new Map<string, Book>();
  readonly entries: EntryPosted[] = [];

  post(changes: readonly Change[]): void {
    const { appends, effects } = post(this.books, changes, '2026-03-02T01:00:00.000Z');
    for (const append of appends) {
      this.entries.push(...(append.effects as { entries: EntryPosted[] }).entries);
    }
    for (const stored of effects.payments) {
      const before = this.books.get(stored.paymentId) ?? NEW_BOOK;
      const rows = appends.filter(({ stream }) => stream === stored.paymentId);
      const added = rows.reduce((sum, append) => sum + append.rows.length, 0);
      this.books.set(stored.paymentId, fromStoredBook(stored, before.ledgerVersion + added));
    }
  }

  candidates(): Candidate[] {
    return [...this.books].flatMap(([paymentId, { expectations }]) =>
      expectations.map((expected) => ({ ...expected, paymentId, claimed: false })),
    );
  }
}

/** Debits less credits: `currency account` → amount; zeros are left out. */
export function sumsOf(entries: readonly EntryPosted[]): Record<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { currency, lines } of entries) {
    for (const { account, side, minor } of lines) {
      const key = `${currency} ${account}`;
      const change = side === 'debit' ? BigInt(minor) : -BigInt(minor);
      sums.set(key, (sums.get(key) ?? 0n) + change);
    }
  }
  return Object.fromEntries([...sums].filter(([, sum]) => sum !== 0n));
}

/** Entries whose debits are not their credits. */
export function unbalanced(entries: readonly EntryPosted[]): string[] {
  return entries
    .filter(({ lines }) => {
      const sum = lines.reduce(
        (off, { side, minor }) => off + (side === 'debit' ? BigInt(minor) : -BigInt(minor)),
        0n,
      );
      return sum !== 0n || lines.length < 2;
    })
    .map(({ entryId }) => entryId);
}
