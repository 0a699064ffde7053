import { owedTo, type Payment, type Share, sharesOf } from '@paylog/payment-domain';
import { disputeHeld, disputeLost, payable, payableTo, receivable } from './accounts.js';

/** Debits less credits, in minor units: currency → account → amount. What is zero is left out. */
export type Balances = Readonly<Record<string, Readonly<Record<string, bigint>>>>;

/**
 * What a payment's state amounts to in the books. A pure function of the state, so that any order of its facts ends in
 * the same balances: the ledger posts `difference(before, after)` and nothing else. A dispute's fee is not in it: like any
 * fee it is posted from the report's line. Participants bear their part of what disputes took for good; the storefront's
 * stays in what was lost. A payment found at a gateway has its account, and a storefront once it is adopted.
 */
export function balancesOf(payment: Payment): Balances {
  const { currency, amounts, otherCurrencies } = payment;
  const sums = { ...otherCurrencies, ...(currency !== undefined && { [currency]: amounts }) };
  return Object.fromEntries(
    Object.entries(sums)
      .map(([code, each]) => [code, inOneCurrency(payment, code, each)] as const)
      .filter(([, accounts]) => Object.keys(accounts).length > 0),
  );
}

function inOneCurrency(
  payment: Payment,
  currency: string,
  { captured, refunded, disputed, chargedBack }: Payment['otherCurrencies'][string],
): Record<string, bigint> {
  const { terms, origin, adoptions } = payment;
  const account = terms?.account ?? origin?.account;
  const storefront = terms?.storefront ?? adoptions?.[0]?.storefront;
  const shares = sharesOf(payment, currency);
  const passedOn = sumOf(shares, ({ paidOut }) => paidOut);
  const own = shares.filter(({ by }) => by !== 'participant');
  const accounts: Record<string, bigint> = {
    [receivable(account)]: captured - refunded - disputed - chargedBack - passedOn,
    [disputeHeld(account)]: disputed,
    [disputeLost(account)]: sumOf(own, (share) => share.chargedBack),
    [payable(storefront)]: -sumOf(own, (share) => owedTo(share) + share.chargedBack),
  };
  for (const share of shares) {
    if (share.participant === undefined) continue;
    accounts[payableTo(storefront, share.participant)] = -owedTo(share);
  }
  return Object.fromEntries(Object.entries(accounts).filter(([, amount]) => amount !== 0n));
}

function sumOf(shares: readonly Share[], amount: (share: Share) => bigint): bigint {
  return shares.reduce((sum, share) => sum + amount(share), 0n);
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
