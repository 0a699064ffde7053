import type { Payment } from '@paylog/payment-domain';
import { payable, receivable } from './accounts.js';

/** Debits less credits, in minor units: currency → account → amount. What is zero is left out. */
export type Balances = Readonly<Record<string, Readonly<Record<string, bigint>>>>;

/**
 * What a payment's state amounts to in the books. A pure function of the state, so that any order of its facts ends in
 * the same balances: the ledger posts `difference(before, after)` and nothing else.
 */
export function balancesOf(payment: Payment): Balances {
  const { terms, currency, amounts, otherCurrencies } = payment;
  const sums = Object.entries({
    ...otherCurrencies,
    ...(currency !== undefined && { [currency]: amounts }),
  });
  return Object.fromEntries(
    sums
      .map(([code, { captured, refunded }]) => [code, captured - refunded] as const)
      .filter(([, net]) => net !== 0n)
      .map(([code, net]) => [
        code,
        { [receivable(terms?.account)]: net, [payable(terms?.storefront)]: -net },
      ]),
  );
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
