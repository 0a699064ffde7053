import {
  encode,
  type MessageData,
  RECONCILIATION_EXCEPTIONS,
  stableId,
  toWireMoney,
} from '@paylog/contracts';
import type { NewRow } from '@paylog/event-sourcing';
import type { LineProblem, SettlementLine } from '@paylog/gateways';
import { signedMinor } from '../ledger/expectations.js';
import { FIRST_OWNER, foundExceptionId } from '../ledger/found-exceptions.js';
import { type ExceptionClass, type Finding, problemFinding } from './judge.js';
import { type Candidate, keyOf } from './match.js';
import type { Statement } from './statement.js';

export type ExceptionData = MessageData<typeof RECONCILIATION_EXCEPTIONS, 'ExceptionOpened'>;

/** An exception, and the operation of ours it is about, where there is one. */
export interface Exception {
  readonly data: ExceptionData;
  readonly claim?: Pick<Candidate, 'paymentId' | 'operation' | 'kind'>;
}

/** Ids follow from what an exception is about, so that finding it again opens nothing. */
export function lineException(
  statement: Statement,
  line: SettlementLine,
  finding: Finding,
  claim: Candidate | undefined,
  at: string,
): Exception {
  const paymentId = claim?.paymentId ?? line.paymentId;
  return {
    data: {
      ...opened(statement, finding, at),
      exceptionId: claim?.unclaimed
        ? foundExceptionId(statement.account, claim.paymentId)
        : stableId('exc', statement.statementId, 'line', String(line.number)),
      gatewayObject: line.gatewayObject,
      lineNumber: line.number,
      ...(paymentId !== undefined && { paymentId }),
    },
    ...(claim && { claim }),
  };
}

/** Ours, due by this statement, and in no report. Not of a statement, so that the next one does not open it again. */
export function missingException(statement: Statement, ours: Candidate, at: string): Exception {
  const finding: Finding = {
    class: 'missing_at_psp',
    expected: { minor: signedMinor(ours), currency: ours.amount.currency },
    note: `our ${ours.kind} ${ours.operation} was due by this statement and is in no report`,
  };
  return {
    data: {
      ...opened(statement, finding, at),
      exceptionId: stableId('exc', statement.account, 'missing_at_psp', keyOf(ours)),
      gatewayObject: ours.gatewayObject,
      paymentId: ours.paymentId,
    },
    claim: ours,
  };
}

export function problemException(
  statement: Statement,
  problem: LineProblem,
  at: string,
): Exception {
  const { number, gatewayObject } = problem;
  return {
    data: {
      ...opened(statement, problemFinding(problem), at),
      exceptionId: stableId('exc', statement.statementId, 'problem', String(number)),
      gatewayObject: (gatewayObject ?? statement.statement).slice(0, 255),
      ...(number > 0 && { lineNumber: number }),
    },
  };
}

export function controlException(
  statement: Statement,
  breaks: readonly string[],
  found: bigint,
  at: string,
): Exception {
  const { minor, currency } = statement.payout;
  const finding: Finding = {
    class: 'control_total_break',
    expected: { minor, currency },
    found: { minor: found, currency },
    note: `${breaks.join('; ')}; the statement stays open`.slice(0, 1_000),
  };
  return {
    data: {
      ...opened(statement, finding, at),
      exceptionId: stableId('exc', statement.statementId, 'control_totals'),
      gatewayObject: statement.statement,
    },
  };
}

/** Classes that keep a statement from closing. */
export const STOPPING: readonly ExceptionClass[] = ['unknown_type', 'control_total_break'];

export function exceptionRow(
  type: 'ExceptionOpened' | 'ExceptionResolved',
  data: ExceptionData,
  at: string,
): NewRow {
  return {
    id: stableId('evt', type, data.exceptionId),
    type,
    schemaVersion: 1,
    source: 'reconciliation',
    time: at,
    data: encode(RECONCILIATION_EXCEPTIONS, type, data),
    correlationId: data.statementId ?? data.exceptionId,
  };
}

function opened(statement: Statement, finding: Finding, at: string) {
  const { expected, found } = finding;
  return {
    statementId: statement.statementId,
    class: finding.class,
    ...(expected !== undefined && { expected: toFinding(expected) }),
    ...(found !== undefined && { found: toFinding(found) }),
    owner: FIRST_OWNER,
    openedAt: at,
    note: finding.note,
  };
}

const toFinding = (value: NonNullable<Finding['expected']>) =>
  typeof value === 'string' ? value : toWireMoney(value);
