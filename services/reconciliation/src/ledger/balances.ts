import type { Payment } from '@paylog/payment-domain';
import { disputeHeld, disputeLost, payable, receivable } from './accounts.js';

/** Debits less credits, in minor units: currency → account → amount. What is zero is left out. */
export type Balances = Readonly<Record<string, Readonly<Record<string, bigint>>>>;

/**
 * What a payment's state amounts to in the books. A pure function of the state, so that any order of its facts ends in
 * the same balances: the ledger posts `difference(before, after)` and nothing else. A dispute's fee is not in it: like any
 * fee it is posted from the report's line.
 */
export function balancesOf(payment: Payment): Balances {
  const { currency, amounts, otherCurrencies } = payment;
  const sums = { ...otherCurrencies, ...(currency !== undefined && { [currency]: amounts }) };
  return Object.fromEntries(
    Object.entries(sums)
      .map(([code, each]) => [code, inOneCurrency(payment, each)] as const)
      .filter(([, accounts]) => Object.keys(accounts).length > 0),
  );
}

function inOneCurrency(
  { terms }: Payment,
  { captured, refunded, disputed, chargedBack }: Payment['otherCurrencies'][string],
): Record<string, bigint> {
  const sold = captured - refunded;
  const accounts = {
    [receivable(terms?.account)]: sold - disputed - chargedBack,
    [disputeHeld(terms?.account)]: disputed,
    [disputeLost(terms?.account)]: chargedBack,
    [payable(terms?.storefront)]: -sold,
  };
  return Object.fromEntries(Object.entries(accounts).filter(([, amount]) => amount !== 0n));
}

/** What must be added to `before` to make it `after`; a currency where nothing changes is left out. */
export function difference(before: Balances, after: Balances): Balances {
  const currencies = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return Object.fromEntries(
    currencies
      .map((code) => [code, changes(before[code] ?? {}, after[code] ?? {})] as const)
      .filter(([, changed]) => Object.keys(changed).length > 0),
  );
}

function changes(
  before: Readonly<Record<string, bigint>>,
  after: Readonly<Record<string, bigint>>,
): Record<string, bigint> {
  const accounts = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return Object.fromEntries(
    accounts
      .map((account) => [account, (after[account] ?? 0n) - (before[account] ?? 0n)] as const)
      .filter(([, change]) => change !== 0n),
  );
}

/** Balances as they are stored. */
export type StoredBalances = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function toStored(balances: Balances): StoredBalances {
  return mapAmounts(balances, String);
}

export function fromStored(stored: StoredBalances): Balances {
  return mapAmounts(stored, BigInt);
}

function mapAmounts<A, B>(
  balances: Readonly<Record<string, Readonly<Record<string, A>>>>,
  to: (amount: A) => B,
): Record<string, Record<string, B>> {
  return Object.fromEntries(
    Object.entries(balances).map(([code, accounts]) => [
      code,
      Object.fromEntries(Object.entries(accounts).map(([name, amount]) => [name, to(amount)])),
    ]),
  );
}
