import type { Book } from './post.js';
import type { Expectation } from './expectations.js';
import { fromStored, type StoredBalances, toStored } from './balances.js';

/** The stored shape of a payment's book: what `ledger.project` writes and `loadBooks` reads. Fields are only added. */
export interface StoredBook {
  readonly paymentId: string;
  readonly version: number;
  readonly account: string | null;
  readonly book: {
    readonly balances: StoredBalances;
    readonly containers: readonly string[];
    readonly operations: readonly StoredExpectation[];
    readonly found?: string;
    readonly adoptedInto?: string;
  };
}

type StoredExpectation = Omit<Expectation, 'amount'> & {
  readonly minor: string;
  readonly currency: string;
};

export function toStoredBook(paymentId: string, book: Book): StoredBook {
  return {
    paymentId,
    version: book.version,
    account: book.account ?? null,
    book: {
      balances: toStored(book.balances),
      containers: book.containers,
      operations: book.expectations.map(({ amount, ...rest }) => ({
        ...rest,
        minor: String(amount.minor),
        currency: amount.currency,
      })),
      ...(book.found !== undefined && { found: book.found }),
      ...(book.adoptedInto !== undefined && { adoptedInto: book.adoptedInto }),
    },
  };
}

export function fromStoredBook(
  { version, account, book }: Omit<StoredBook, 'paymentId'>,
  ledgerVersion: number,
): Book {
  return {
    version,
    ...(account !== null && { account }),
    balances: fromStored(book.balances),
    containers: book.containers,
    ...(book.found !== undefined && { found: book.found }),
    ...(book.adoptedInto !== undefined && { adoptedInto: book.adoptedInto }),
    expectations: book.operations.map(({ minor, currency, ...rest }) => ({
      ...rest,
      amount: { minor: BigInt(minor), currency },
    })),
    ledgerVersion,
  };
}
