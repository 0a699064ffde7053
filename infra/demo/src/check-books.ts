import { createPublicKey, verify } from 'node:crypto';
import { canonicalJson } from '@paylog/contracts';
import type { Entry, Finance, Statement } from './finance.js';
import type { Discrepancy, PaidOut, Truth } from './sandbox-truth.js';

export interface LedgerFigures {
  readonly entries: number;
  /** Debits less credits over everything, by currency: 0 wherever books are kept. */
  readonly imbalance: Readonly<Record<string, string>>;
}

export interface ReconciliationFigures {
  readonly matched: number;
  readonly planted: readonly string[];
  readonly found: readonly string[];
  readonly invented: readonly string[];
}

export function ledgerFigures(entries: readonly Entry[]): LedgerFigures {
  const sums = new Map<string, bigint>();
  for (const { currency, lines } of entries) {
    sums.set(currency, (sums.get(currency) ?? 0n) + sumOf(lines));
  }
  const imbalance = Object.fromEntries([...sums].map(([currency, sum]) => [currency, String(sum)]));
  return { entries: entries.length, imbalance };
}

export function reconciliationFigures(finance: Finance, paidOut: PaidOut): ReconciliationFigures {
  const planted = paidOut.planted.map(({ object }) => object).sort();
  const found = finance.exceptions.map(({ gatewayObject }) => gatewayObject).sort();
  return {
    matched: finance.statements.reduce((sum, { matched }) => sum + matched, 0),
    planted,
    found,
    invented: without(found, planted),
  };
}

/** The same words for the same thing: the gateway's mischief, and the class finance should read. */
const CLASS: Readonly<Record<Discrepancy, string>> = {
  amount: 'amount_mismatch',
  fee: 'fee_variance',
  missing_at_gateway: 'missing_at_psp',
  missing_with_us: 'missing_internal',
  duplicate_line: 'duplicate_external',
};

/** What is wrong with the books, judged by the gateway's truth; empty when nothing is. */
export function bookDifferences(
  finance: Finance,
  truth: Truth,
  paidOut: PaidOut,
  signingKey: string,
): string[] {
  return [
    ...finance.unreadable,
    ...finance.entries.flatMap(({ entryId, lines }) =>
      sumOf(lines) === 0n ? [] : [`entry ${entryId} is not balanced`],
    ),
    ...payableDifferences(finance, truth, paidOut),
    ...exceptionDifferences(finance, paidOut),
    ...finance.statements.flatMap((statement) =>
      statementDifferences(statement, paidOut, signingKey),
    ),
  ];
}

/**
 * What we owe is what the gateway took less what it gave back and passed on, in each currency; what its report invented
 * stands there too, as nobody's.
 */
function payableDifferences(
  { entries, exceptions }: Finance,
  truth: Truth,
  { planted }: PaidOut,
): string[] {
  const owed = new Map<string, bigint>();
  for (const { currency, lines } of entries) {
    const payable = lines.filter(({ account }) => account.startsWith('payable:'));
    owed.set(currency, (owed.get(currency) ?? 0n) - sumOf(payable));
  }
  const took = new Map<string, bigint>();
  for (const { currency, amountReceived, amountRefunded, transfers } of truth.paymentIntents) {
    const key = currency.toUpperCase();
    const passedOn = transfers.reduce((sum, { amount, reversed }) => sum + amount - reversed, 0);
    took.set(key, (took.get(key) ?? 0n) + BigInt(amountReceived - amountRefunded - passedOn));
  }
  for (const { class: mischief, object } of planted) {
    const found = exceptions.find(({ gatewayObject }) => gatewayObject === object)?.found;
    if (mischief !== 'missing_with_us' || typeof found !== 'object') continue;
    took.set(found.currency, (took.get(found.currency) ?? 0n) + BigInt(found.minor));
  }
  return [...new Set([...owed.keys(), ...took.keys()])]
    .filter((currency) => (owed.get(currency) ?? 0n) !== (took.get(currency) ?? 0n))
    .map(
      (currency) =>
        `the ledger owes ${owed.get(currency) ?? 0n} ${currency}, the gateway took and kept ${took.get(currency) ?? 0n}`,
    );
}

/** A charge captured in parts has several lines, which may be wrong in several ways. */
function exceptionDifferences({ exceptions }: Finance, { planted }: PaidOut): string[] {
  return planted.flatMap(({ class: mischief, object }) => {
    const about = exceptions.filter(({ gatewayObject }) => gatewayObject === object);
    const onIt = planted.filter((one) => one.object === object);
    const meant = onIt.filter((one) => one.class === mischief);
    const found = about.filter(({ class: named }) => named === CLASS[mischief]);
    if (found.length === meant.length && about.length === onIt.length) return [];
    const named = about.map((exception) => exception.class).join(', ') || 'nothing';
    return [`${mischief} of ${object} was called ${named}`];
  });
}

function statementDifferences(
  { statement, currency, payout, net, lines, matched, exceptions, ...rest }: Statement,
  { payouts }: PaidOut,
  signingKey: string,
): string[] {
  const found: string[] = [];
  const theirs = payouts.find(({ id }) => id === statement);
  if (theirs === undefined) return [`statement ${statement} is of no payout`];
  if (currency !== theirs.currency.toUpperCase()) found.push(`it is in ${currency}`);
  if (net !== String(theirs.amount) || (payout ?? net) !== String(theirs.amount)) {
    found.push(`it adds up to ${net}, paid out were ${theirs.amount}`);
  }
  const signed = { statement, currency, lines, matched, exceptions, net, ...rest };
  const { signature, ...summary } = payout === undefined ? signed : { ...signed, payout };
  const key = createPublicKey(signingKey);
  const bytes = Buffer.from(canonicalJson(summary));
  if (!verify(null, bytes, key, Buffer.from(signature, 'base64')))
    found.push('its signature is wrong');
  return found.map((difference) => `statement ${statement}: ${difference}`);
}

function sumOf(lines: Entry['lines']): bigint {
  return lines.reduce(
    (sum, { side, minor }) => (side === 'debit' ? sum + BigInt(minor) : sum - BigInt(minor)),
    0n,
  );
}

/** What is left of a list when the others are taken out, each once. */
export function without(list: readonly string[], others: readonly string[]): string[] {
  const rest = [...others];
  return list.filter((each) => {
    const at = rest.indexOf(each);
    if (at < 0) return true;
    rest.splice(at, 1);
    return false;
  });
}
