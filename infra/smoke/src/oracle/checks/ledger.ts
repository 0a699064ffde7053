import type { Evidence, LedgerEntry, LedgerLine } from '../evidence.js';
import { type Check, groupedBy } from './check.js';
import { passedOnIn } from './passed-on.js';

/**
 * `ledger-balanced`: every entry adds up to nothing, the books hold what was published and nothing else, balances are the
 * sums of lines, and what is owed for each payment is what its state says.
 */
export const ledgerBalanced: Check = (evidence) => [
  ...unbalanced(evidence.entries),
  ...otherThanPublished(evidence),
  ...wrongBalances(evidence),
  ...wrongPayables(evidence),
  ...notPassedOn(evidence),
];

const signed = ({ side, minor }: LedgerLine) => (side === 'debit' ? BigInt(minor) : -BigInt(minor));
const sumOf = (lines: readonly LedgerLine[]) => lines.reduce((sum, line) => sum + signed(line), 0n);

function unbalanced(entries: readonly LedgerEntry[]): string[] {
  return entries.flatMap(({ entryId, currency, lines }) => {
    if (lines.length === 0) return [`entry ${entryId} has no lines`];
    const off = sumOf(lines);
    return off === 0n ? [] : [`entry ${entryId} is off by ${off} ${currency}`];
  });
}

function otherThanPublished({ entries, publishedEntries }: Evidence): string[] {
  const published = new Map(publishedEntries.map((entry) => [entry.entryId, contentOf(entry)]));
  const booked = new Set(entries.map(({ entryId }) => entryId));
  return [
    ...entries.flatMap((entry) => {
      const said = published.get(entry.entryId);
      if (said === undefined) return [`entry ${entry.entryId} is booked and was never published`];
      const held = contentOf(entry);
      return said === held
        ? []
        : [`entry ${entry.entryId} is booked as ${held}, published as ${said}`];
    }),
    ...[...published.keys()]
      .filter((entryId) => !booked.has(entryId))
      .map((entryId) => `entry ${entryId} is published and not booked`),
  ];
}

const contentOf = ({ currency, lines }: LedgerEntry) =>
  `${currency}: ${lines
    .map(({ account, side, minor }) => `${side} ${account} ${minor}`)
    .sort()
    .join(', ')}`;

function wrongBalances({ entries, balances }: Evidence): string[] {
  const summed = new Map<string, bigint>();
  for (const { currency, lines } of entries) {
    for (const line of lines) add(summed, `${line.account} in ${currency}`, signed(line));
  }
  const kept = new Map(
    balances.map(({ account, currency, minor }) => [`${account} in ${currency}`, BigInt(minor)]),
  );
  return [...new Set([...summed.keys(), ...kept.keys()])]
    .filter((account) => (summed.get(account) ?? 0n) !== (kept.get(account) ?? 0n))
    .map(
      (account) =>
        `the balance of ${account} is ${kept.get(account) ?? 0n}, its lines give ${summed.get(account) ?? 0n}`,
    );
}

/**
 * What sellers are owed for a payment is what was captured less what was refunded and passed on. (No load here loses
 * disputes about split payments, of which participants bear their part.)
 */
function wrongPayables({ entries, lastInLog }: Evidence): string[] {
  const byPayment = groupedBy(entries, ({ paymentId }) => paymentId);
  return lastInLog.flatMap(({ paymentId, state }) => {
    const owed = (byPayment.get(paymentId) ?? [])
      .filter(({ currency }) => currency === state.currency)
      .flatMap(({ lines }) => lines.filter(({ account }) => account.startsWith('payable:')));
    const minor = -sumOf(owed);
    const due =
      BigInt(state.amounts.captured) -
      BigInt(state.amounts.refunded) -
      passedOnIn(state.operations);
    if (minor === due) return [];
    return [`the ledger owes ${minor} for payment ${paymentId}, whose state says ${due}`];
  });
}

/**
 * At rest every participant has what is theirs: nothing is owed to them, nor by them. Of a payment that is held (a message
 * about it lies parked) nothing is passed on; and what a flood has told of is in no log of ours.
 */
function notPassedOn({ entries, projected }: Evidence): string[] {
  const judged = new Set(
    projected.filter(({ state }) => !state.held).map(({ paymentId }) => paymentId),
  );
  const sums = new Map<string, bigint>();
  for (const { paymentId, currency, lines } of entries) {
    if (paymentId === undefined || !judged.has(paymentId)) continue;
    for (const line of lines.filter(({ account }) => /^payable:[^/]+\/./.test(account))) {
      add(sums, `${line.account} has ${currency}`, signed(line));
    }
  }
  return [...sums].filter(([, sum]) => sum !== 0n).map(([name, sum]) => `${name} ${sum} at rest`);
}

function add(sums: Map<string, bigint>, key: string, minor: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + minor);
}
