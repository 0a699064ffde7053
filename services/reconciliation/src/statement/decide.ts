import {
  addLine,
  type ControlTotals,
  controlBreaks,
  type LineProblem,
  NO_TOTALS,
  type SettlementLine,
} from '@paylog/gateways';
import { dayOf, type EntryPosted, toEntry } from '../ledger/entry.js';
import { type BookingContext, bookingsOfLine, bookingsOfPayout } from './bookings.js';
import {
  controlException,
  type Exception,
  lineException,
  missingException,
  problemException,
} from './exceptions.js';
import { type FeeTerms, type Finding, findingOf } from './judge.js';
import { type Candidate, keyOf, match } from './match.js';
import type { Signer, StatementClosed } from './signature.js';
import type { Statement } from './statement.js';

/** Everything a decision depends on. */
export interface Evidence {
  readonly statement: Statement;
  readonly fileSha256: string;
  readonly lines: readonly SettlementLine[];
  readonly problems: readonly LineProblem[];
  /** Operations of ours that some line might mean. */
  readonly candidates: readonly Candidate[];
  /** Operations of ours that are due by this statement's cut-off and in no statement so far. */
  readonly due: readonly Candidate[];
  readonly terms: FeeTerms;
  /** The moment of the decision, RFC 3339. */
  readonly at: string;
}

export interface JudgedLine {
  readonly line: SettlementLine;
  readonly claim?: Candidate;
  readonly finding?: Finding;
}

export interface KeyedEntries {
  readonly key: string;
  readonly entries: readonly EntryPosted[];
}

export type Decision =
  /** May not close: rows that can't be read, or totals that don't add up. */
  | { readonly outcome: 'stopped'; readonly exceptions: readonly Exception[] }
  | {
      readonly outcome: 'closed';
      readonly judged: readonly JudgedLine[];
      readonly exceptions: readonly Exception[];
      /** Ids of exceptions `missing_at_psp` of earlier statements that this one explains. */
      readonly found: readonly string[];
      readonly entries: readonly KeyedEntries[];
      readonly summary: StatementClosed;
      /** Depends on what we know of our own side, which may still be on its way. */
      readonly unsure: boolean;
    };

/** Legs A and B of one statement. Pure: the same evidence gives the same decision, ids and signature included. */
export function decide(evidence: Evidence, sign: Signer): Decision {
  const { statement, lines, problems, at } = evidence;
  const totals = lines.reduce(addLine, NO_TOTALS);
  const breaks = controlBreaks(totals, statement.payout);
  if (problems.length > 0 || breaks.length > 0) {
    const unreadable = problems.map((problem) => problemException(statement, problem, at));
    // Totals can't add up while rows are missing from them: only one of the two is news.
    const control = controlException(statement, breaks, totals.net, at);
    return { outcome: 'stopped', exceptions: problems.length > 0 ? unreadable : [control] };
  }
  const judged = judge(evidence);
  const missing = evidence.due.filter(notIn(judged));
  const exceptions = once([
    ...judged.flatMap(({ line, claim, finding }) =>
      finding ? [lineException(statement, line, finding, claim, at)] : [],
    ),
    ...missing.map((ours) => missingException(statement, ours, at)),
  ]);
  return {
    outcome: 'closed',
    judged,
    exceptions,
    found: judged.flatMap(({ claim }) => (claim?.missedAs === undefined ? [] : [claim.missedAs])),
    entries: entriesOf(evidence, judged),
    summary: sign(summaryOf(evidence, totals, judged, exceptions.length)),
    unsure: exceptions.some(({ data }) => data.class !== 'fee_variance'),
  };
}

/** Several lines of a payment that nobody asked us for are one exception, that of the first. */
function once(exceptions: readonly Exception[]): readonly Exception[] {
  const byId = new Map<string, Exception>();
  for (const each of exceptions) {
    const { exceptionId } = each.data;
    if (!byId.has(exceptionId)) byId.set(exceptionId, each);
  }
  return [...byId.values()];
}

function judge({ lines, candidates, terms }: Evidence): readonly JudgedLine[] {
  const settled = lines.filter(({ kind }) => kind !== 'payout');
  const { claims, repeated } = match(settled, candidates);
  return settled.map((line) => {
    const claim = claims.get(line.number);
    const finding = findingOf(line, claim, repeated.has(line.number), terms);
    return { line, ...(claim && { claim }), ...(finding && { finding }) };
  });
}

function notIn(judged: readonly JudgedLine[]): (ours: Candidate) => boolean {
  const claimed = new Set(judged.flatMap(({ claim }) => (claim ? [keyOf(claim)] : [])));
  return (ours) => !claimed.has(keyOf(ours));
}

function entriesOf(
  { statement, terms, at }: Evidence,
  judged: readonly JudgedLine[],
): readonly KeyedEntries[] {
  const { statementId, account, revision } = statement;
  const context: BookingContext = { account, statementId, bookedOn: dayOf(at), terms };
  const keyed = (place: string, bookings: ReturnType<typeof bookingsOfLine>): KeyedEntries => ({
    key: `statement/${statementId}/${revision}/${place}`,
    entries: bookings.map((booking) => toEntry(booking, [statementId, String(revision), place])),
  });
  const ofLines = judged.map(({ line, claim, finding }) =>
    keyed(String(line.number), bookingsOfLine(line, claim, finding, context)),
  );
  const { statement: name, payout: amount, createdAt } = statement;
  const ofPayout = keyed(
    'payout',
    bookingsOfPayout({ statement: name, amount, createdAt }, context),
  );
  return [...ofLines, ofPayout].filter(({ entries }) => entries.length > 0);
}

function summaryOf(
  { statement, fileSha256, at }: Evidence,
  totals: ControlTotals,
  judged: readonly JudgedLine[],
  exceptions: number,
) {
  const { statementId, gateway, account, payout, revision } = statement;
  return {
    statementId,
    gateway,
    account,
    statement: statement.statement,
    currency: payout.currency,
    revision,
    lines: totals.lines,
    matched: judged.filter(({ finding }) => finding === undefined).length,
    exceptions,
    gross: String(totals.gross),
    fee: String(totals.fee),
    net: String(totals.net),
    payout: String(payout.minor),
    fileSha256,
    closedAt: at,
  };
}
