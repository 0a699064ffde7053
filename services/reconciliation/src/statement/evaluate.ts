import { declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';
import { type Decision, decide } from './decide.js';
import { saveClosed, saveStopped } from './decisions.sql.js';
import {
  loadCandidates,
  loadDue,
  loadLines,
  loadProblems,
  ownersOf,
  toldFacts,
  uncaptured,
} from './evidence.sql.js';
import { atOneMoment } from './at-one-moment.js';
import type { FeeTerms } from './judge.js';
import { foundFacts, namesToAsk, unmatchedOthers } from './found-facts.js';
import { captureFact, type ToldFact, unmatchedCaptures } from './settlement-facts.js';
import type { Signer } from './signature.js';
import { lockStaged, type StagedStatement } from './statements.sql.js';

declareFailpoints(['reconciliation.decide.before', 'reconciliation.decide.after']);

export interface Terms extends FeeTerms {
  readonly dueDays: number;
}

export interface Judging {
  readonly terms: Terms;
  readonly mode: 'test' | 'live';
  readonly sign: Signer;
  /** How long after the report came what we don't know yet is `in transit`, not an exception. */
  readonly graceMs: number;
  /** Our own side has read everything that it had before it when the report came. */
  readonly caughtUp: boolean;
  readonly at: string;
}

export type Evaluation =
  | { readonly outcome: 'decided' | 'stopped'; readonly decision: Decision }
  /** Nothing was stored: evaluate again later. `tell` are facts to publish meanwhile. */
  | {
      readonly outcome: 'waiting';
      readonly reason: string;
      readonly tell: readonly ToldFact[];
    };

/**
 * Judges a staged statement in one transaction, as things stand in that moment. A statement in which everything agrees is
 * decided at once. Anything else may only mean that our side is late, so it waits: until our reader has caught up, the
 * grace period is over, and the facts that its own lines told came back. What nobody has told of by then is told, and
 * waited for once more: of one of our payments, or of one that nobody asked us for.
 */
export async function evaluate(
  pool: Pool,
  statementId: string,
  judging: Judging,
): Promise<Evaluation | undefined> {
  let waiting: Evaluation | undefined;
  await failpoint('reconciliation.decide.before');
  const decided = await atOneMoment(pool, async (client) => {
    const staged = await lockStaged(client, statementId, judging.graceMs);
    if (!staged) return undefined;
    const decision = await decideOn(client, staged, judging);
    if (decision.outcome === 'stopped') {
      await saveStopped(client, staged, decision, judging.at);
      return { outcome: 'stopped' as const, decision };
    }
    waiting = await whyWait(client, staged, decision, judging);
    if (waiting) return undefined;
    await saveClosed(client, staged, decision, judging.at);
    return { outcome: 'decided' as const, decision };
  });
  await failpoint('reconciliation.decide.after');
  return decided ?? waiting;
}

async function decideOn(
  client: PoolClient,
  staged: StagedStatement,
  { terms, sign, at }: Judging,
): Promise<Decision> {
  const { statementId, fileSha256 } = staged;
  const lines = await loadLines(client, statementId);
  const currencies = [...new Set(lines.map((line) => line.customerFacing.currency))];
  const evidence = {
    statement: staged,
    fileSha256,
    lines,
    problems: await loadProblems(client, statementId),
    candidates: await loadCandidates(client, staged),
    due: await loadDue(client, staged, terms.dueDays, currencies),
    terms,
    at,
  };
  return decide(evidence, sign);
}

async function whyWait(
  client: PoolClient,
  staged: StagedStatement,
  decision: Extract<Decision, { outcome: 'closed' }>,
  judging: Judging,
): Promise<Evaluation | undefined> {
  if (!decision.unsure) return undefined;
  const { account, graceOver } = staged;
  const captures = unmatchedCaptures(decision.judged);
  const ours = await uncaptured(
    client,
    account,
    captures.map(({ paymentId }) => paymentId),
  );
  const told = captures
    .filter(({ paymentId }) => ours.has(paymentId))
    .map((line) => captureFact(account, line));
  const heard = await toldFacts(
    client,
    told.map(({ fact }) => fact.id),
  );
  const tell = told.filter(({ fact }) => !heard.has(fact.id));
  const unheard = told.filter(({ fact }) => heard.get(fact.id) !== true);
  const wait = (reason: string) => ({ outcome: 'waiting' as const, reason, tell });
  if (unheard.length > 0) return wait(`${unheard.length} captures that only the report tells of`);
  if (!judging.caughtUp) return wait('our own side to catch up');
  if (!graceOver) return wait('the grace period to end');
  return whyWaitForOthers(client, staged, decision, judging);
}

async function whyWaitForOthers(
  client: PoolClient,
  staged: StagedStatement,
  { judged }: Extract<Decision, { outcome: 'closed' }>,
  { mode }: Judging,
): Promise<Evaluation | undefined> {
  const lines = unmatchedOthers(judged);
  if (lines.length === 0) return undefined;
  const owners = await ownersOf(client, staged.account, lines.flatMap(namesToAsk));
  const told = foundFacts(
    { mode, account: staged.account, gateway: staged.gateway },
    lines,
    owners,
  );
  const heard = await toldFacts(
    client,
    told.map(({ fact }) => fact.id),
  );
  const unheard = told.filter(({ fact }) => heard.get(fact.id) !== true);
  if (unheard.length === 0) return undefined;
  const tell = told.filter(({ fact }) => !heard.has(fact.id));
  const reason = `${unheard.length} facts that only the report tells of`;
  return { outcome: 'waiting', reason, tell };
}
