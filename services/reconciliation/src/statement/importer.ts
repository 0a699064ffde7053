import type { EventLog } from '@paylog/event-sourcing';
import { crossing, declareFailpoints, failpoint } from '@paylog/failpoints';
import {
  type GatewayAccount,
  type Payout,
  readPayoutReport,
  type SettlementSource,
} from '@paylog/gateways';
import { counter, type Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import { appendAll } from '../publish/append-all.js';
import { type DecisionLogs, publishDecision } from '../publish/publish-decision.js';
import { type Evaluation, evaluate } from './evaluate.js';
import { atOneMoment } from './at-one-moment.js';
import { unpublished } from './publications.sql.js';
import { readReport, storeReport } from './report-files.sql.js';
import { toPosting, type ToldFact } from './settlement-facts.js';
import { rememberTold } from './told-facts.sql.js';
import type { Signer } from './signature.js';
import { announce, openSince, setWaiting, stage, stagedStatements } from './statements.sql.js';

declareFailpoints([
  'reconciliation.stage.before',
  'reconciliation.stage.after',
  'reconciliation.payouts.before',
  'reconciliation.payouts.after',
]);
const atDownload = crossing('reconciliation.download');

/** What our own reader of `payments.events.v1` has read, against what there is. */
export interface OwnSide {
  /** A mark of where the topic ends now. */
  mark(): Promise<unknown>;
  /** Our reader has committed everything before the mark. */
  reached(mark: unknown): Promise<boolean>;
}

export interface ImporterOptions {
  readonly pool: Pool;
  readonly account: GatewayAccount;
  readonly source: SettlementSource;
  readonly logs: DecisionLogs & { readonly settlement: EventLog };
  readonly ownSide: OwnSide;
  readonly sign: Signer;
  readonly graceMs: number;
  readonly logger: Logger;
  readonly now?: () => string;
}

const closedStatements = counter(
  'paylog_reconciliation_statements_closed_total',
  'Statements closed, by gateway account',
  ['account'],
);
const openedExceptions = counter(
  'paylog_reconciliation_exceptions_opened_total',
  'Exceptions opened, by gateway account and class',
  ['account', 'class'],
);

/** Payouts are listed this far back at least: one that was announced may be ready later. */
const LISTED_DAYS = 35;

/**
 * Statements of one gateway account: announced, staged, decided, closed. Every step is stored before the next and may be
 * repeated, so whoever comes after a crash goes on where it ended. Rounds of one account never overlap: the caller holds
 * its lock.
 */
export class Importer {
  readonly #options: ImporterOptions;
  readonly #now: () => string;
  /** Where the topic ended when a statement was first looked at; another process takes its own mark. */
  readonly #marks = new Map<string, unknown>();

  constructor(options: ImporterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date().toISOString());
  }

  /** One look at everything. Throws the last of what failed, after the rest was done. */
  async round(): Promise<void> {
    const { pool, account } = this.#options;
    await this.#publishAll();
    const failures: unknown[] = [];
    const note = (error: unknown) => void failures.push(error);
    await this.#takeAll(note).catch(note);
    for (const statementId of await stagedStatements(pool, account.account)) {
      await this.#judge(statementId).catch(note);
    }
    if (failures.length > 0) throw failures.at(-1);
  }

  async #publishAll(): Promise<void> {
    const { pool, account, logs } = this.#options;
    for (const statementId of await unpublished(pool, account.account)) {
      if (await publishDecision(pool, logs, statementId)) this.#tellClosed(statementId);
    }
  }

  async #takeAll(note: (error: unknown) => void): Promise<void> {
    const { pool, account, source } = this.#options;
    const since = await openSince(pool, account.account, LISTED_DAYS);
    await failpoint('reconciliation.payouts.before');
    for await (const payout of source.payouts(since)) await this.#take(payout).catch(note);
    await failpoint('reconciliation.payouts.after');
  }

  async #take(payout: Payout): Promise<void> {
    const { pool, account, source, logger } = this.#options;
    const known = await announce(pool, account.account, account.gateway, payout);
    const over = payout.status === 'failed' || payout.status === 'canceled';
    const open = known.status === 'announced' || known.retry;
    if (!open || over || !payout.linesReady) return;
    const bytes = await atDownload(() => source.report(payout));
    if (bytes === undefined) return;
    const sha256 = await storeReport(pool, account.account, bytes);
    const { statementId } = known;
    await failpoint('reconciliation.stage.before');
    const staged = await atOneMoment(pool, (client) =>
      stage(
        client,
        { statementId, statement: payout.statement },
        sha256,
        readPayoutReport(readReport(client, sha256)),
      ),
    );
    await failpoint('reconciliation.stage.after');
    const { statement } = payout;
    const name = account.account;
    logger.info({ account: name, statement, statementId, sha256, staged }, 'report taken');
  }

  async #judge(statementId: string): Promise<void> {
    const { pool, account, sign, graceMs } = this.#options;
    const caughtUp = await this.#caughtUp(statementId);
    const { settlement: terms } = account;
    const { mode } = account;
    const judging = { terms, mode, sign, graceMs, caughtUp, at: this.#now() };
    const evaluation = await evaluate(pool, statementId, judging);
    if (!evaluation) return;
    if (evaluation.outcome === 'waiting') {
      await this.#tellFacts(statementId, evaluation.tell);
      await setWaiting(pool, statementId, evaluation.reason);
      return;
    }
    this.#marks.delete(statementId);
    this.#tellJudged(statementId, evaluation);
    if (await publishDecision(pool, this.#options.logs, statementId)) this.#tellClosed(statementId);
  }

  /** A broker that does not answer leaves it open whether we have caught up: then we have not. */
  async #caughtUp(statementId: string): Promise<boolean> {
    const { ownSide, logger } = this.#options;
    try {
      const mark = this.#marks.get(statementId) ?? (await ownSide.mark());
      this.#marks.set(statementId, mark);
      return await ownSide.reached(mark);
    } catch (error) {
      logger.warn({ err: error, statementId }, 'the end of payments.events.v1 is not known');
      return false;
    }
  }

  /** The log first, then our note of it: in between a crash only repeats the append. */
  async #tellFacts(statementId: string, told: readonly ToldFact[]): Promise<void> {
    if (told.length === 0) return;
    const { pool, logs, logger } = this.#options;
    await appendAll(pool, logs.settlement, told.map(toPosting));
    await rememberTold(
      pool,
      statementId,
      told.map(({ fact }) => fact.id),
    );
    for (const { paymentId, fact } of told) {
      logger.info({ paymentId, eventId: fact.id, statementId }, 'a report line told a fact');
    }
  }

  #tellJudged(statementId: string, evaluation: Exclude<Evaluation, { outcome: 'waiting' }>): void {
    const { logger, account } = this.#options;
    const { decision, outcome } = evaluation;
    for (const { data } of decision.exceptions) {
      const { exceptionId, class: name, gatewayObject, paymentId, lineNumber } = data;
      openedExceptions.inc({ account: account.account, class: name });
      logger.warn(
        { statementId, exceptionId, class: name, gatewayObject, paymentId, lineNumber },
        'exception opened',
      );
    }
    const counts =
      decision.outcome === 'closed'
        ? { lines: decision.summary.lines, matched: decision.summary.matched }
        : {};
    const exceptions = decision.exceptions.length;
    const fields = { account: account.account, statementId, ...counts, exceptions };
    logger.info(fields, `statement ${outcome}`);
  }

  #tellClosed(statementId: string): void {
    const { account } = this.#options.account;
    closedStatements.inc({ account });
    this.#options.logger.info({ account, statementId }, 'statement closed');
  }
}
