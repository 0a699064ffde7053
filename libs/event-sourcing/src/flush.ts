import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { isConnectionLost, sqlState } from '@paylog/postgres';
import type { Pool, PoolClient } from 'pg';
import { CallWriter } from './call-writer.js';
import { FailedChain } from './failed-chain.js';
import { LogFault } from './fault.js';
import { toAnswers, writeAppend } from './flush-values.js';
import type { Append, AppendAnswer, FlushOptions } from './log.js';
import { keptStatement, type KeptStatement } from './log-sql.js';
import { type AnsweredRow, PreparedCall } from './prepared-call.js';
import { appendsOn } from './wake.js';

declareFailpoints(['event-sourcing.append.before', 'event-sourcing.append.after']);

export interface FlushTimes {
  /** How long a call may stay without an answer before its connection is given up, in ms. */
  answerTimeoutMs: number;
  /** How long a lost answer is looked for before the outcome is called unknown, in ms. */
  settleTimeoutMs: number;
}

const CONTENTION_ATTEMPTS_MAX = 10;
const LANE_CLOSED = 'PL001';
/** Raised by a service's `project()`: what was decided on has changed, so the same call would be refused again. */
const DECIDED_ON_CHANGED = 'PL002';

/** Calls `append()`: retries what passes, settles lost answers, and finds the poison in a flush. */
export class Flush {
  readonly #pool: Pool;
  readonly #schema: string;
  readonly #times: FlushTimes;
  readonly #call: KeptStatement;
  readonly #spareWriters: CallWriter[] = [];

  constructor(pool: Pool, schema: string, times: FlushTimes) {
    this.#pool = pool;
    this.#schema = schema;
    this.#times = times;
    this.#call = keptStatement('call-append.sql', schema);
  }

  /** All of it in one commit; or, if the server refuses it, each half by itself. */
  async run(appends: readonly Append[], options: FlushOptions): Promise<AppendAnswer[]> {
    const first = await this.#unlessRefused(appends, options);
    if (Array.isArray(first)) return first;
    const again = await this.#unlessRefused(appends, options);
    if (Array.isArray(again)) return again;
    if (appends.length === 0) throw flushFailed(again);

    const answers = await this.#inHalves(appends, withoutMove(options));
    if (!answers.every(({ status }) => status === 'appended' || status === 'duplicate')) {
      return answers; // Whoever gets these decides or parks, and flushes again.
    }
    // No append is to blame, so what comes with the flush is.
    const rest = await this.#unlessRefused([], options);
    if (!Array.isArray(rest)) throw flushFailed(rest);
    const moved = rest.find(({ status }) => status === 'offset_moved');
    return moved ? appends.map(() => moved) : answers;
  }

  async #inHalves(
    appends: readonly Append[],
    options: FlushOptions,
    chain = new FailedChain(),
  ): Promise<AppendAnswer[]> {
    const middle = Math.ceil(appends.length / 2);
    const answers: AppendAnswer[] = [];
    for (const half of [appends.slice(0, middle), appends.slice(middle)]) {
      const heldBack = half.map((append) => chain.heldBack(append));
      const tried = half.filter((_, i) => heldBack[i] === undefined);
      const given = await this.#tried(tried, options, chain);
      const next = given.values();
      answers.push(...heldBack.map((answer) => answer ?? (next.next().value as AppendAnswer)));
    }
    return answers;
  }

  async #tried(
    appends: readonly Append[],
    options: FlushOptions,
    chain: FailedChain,
  ): Promise<AppendAnswer[]> {
    if (appends.length === 0) return [];
    const given = await this.#unlessRefused(appends, options);
    if (!Array.isArray(given) && appends.length > 1) return this.#inHalves(appends, options, chain);
    const answers: AppendAnswer[] = Array.isArray(given)
      ? given
      : [{ status: 'refused', reason: `${sqlState(given)} ${given.message}` }];
    answers.forEach((answer, i) => chain.note(appends[i] as Append, answer));
    return answers;
  }

  /** The answers, or the error with which the server refuses this very content. */
  async #unlessRefused(
    appends: readonly Append[],
    options: FlushOptions,
  ): Promise<AppendAnswer[] | Error> {
    const writer = this.#spareWriters.pop() ?? new CallWriter();
    writeAppend(writer.begin(this.#call.name), randomUUID(), appends, options);
    const message = writer.end();
    // A connection that was given up may hold the bytes, and send them yet: they must not become another call's.
    let givenUp = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#settled(message, () => (givenUp = true));
        if (!givenUp && writer.worthKeeping) this.#spareWriters.push(writer);
        return toAnswers(appends.length, answer);
      } catch (error) {
        if (this.#isContention(error)) {
          if (attempt === CONTENTION_ATTEMPTS_MAX) throw contention(error);
          await sleep(Math.random() * 2 ** attempt);
        } else if (isRefusedContent(error)) {
          return error;
        } else if (sqlState(error) === LANE_CLOSED) {
          throw laneClosed(error);
        } else if (sqlState(error) === DECIDED_ON_CHANGED) {
          throw decidedOnChanged(error);
        } else {
          throw error;
        }
      }
    }
  }

  /**
   * One call with an answer for certain. A lost answer leaves open whether the commit was done: the
   * same flush id again is either found committed, or run.
   */
  async #settled(message: Buffer, onLost: () => void): Promise<AnsweredRow> {
    let deadline: number | undefined;
    for (;;) {
      try {
        return await this.#callOnce(message);
      } catch (error) {
        if (!isConnectionLost(error)) throw error;
        onLost();
        const neverSent = error instanceof NotSent;
        if (neverSent && deadline === undefined) throw unavailable(error);
        deadline ??= Date.now() + this.#times.settleTimeoutMs;
        if (Date.now() >= deadline) throw outcomeUnknown(error);
        await sleep(20);
      }
    }
  }

  async #callOnce(message: Buffer): Promise<AnsweredRow> {
    const client = await this.#connect();
    appendsOn(this.#pool, client);
    // Without an answer nothing can be said about the connection either: it is given up.
    let lost = true;
    const timer = setTimeout(() => client.release(true), this.#times.answerTimeoutMs);
    try {
      await failpoint('event-sourcing.append.before');
      const { answer } = client.query(new PreparedCall(this.#call, message));
      const row = await answer;
      await failpoint('event-sourcing.append.after');
      lost = false;
      return row;
    } catch (error) {
      lost = isConnectionLost(error);
      throw error;
    } finally {
      clearTimeout(timer);
      release(client, lost);
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      if (isConnectionLost(error)) throw new NotSent(error);
      throw error;
    }
  }

  #isContention(error: unknown): boolean {
    if (['40001', '40P01', '55P03'].includes(sqlState(error))) return true;
    // Another lane wrote the same stream, or the same flush was committed after we looked.
    const { schema, table } = error as { schema?: string; table?: string };
    return (
      sqlState(error) === '23505' &&
      schema === this.#schema &&
      ['rows', 'keys', 'flushes'].includes(table ?? '')
    );
  }
}

/** The connection could not be made, so nothing was sent on it. */
class NotSent extends AggregateError {
  constructor(cause: unknown) {
    super([cause], cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Errors that follow from the data: of this call's content, or raised by the service's project(). */
function isRefusedContent(error: unknown): error is Error {
  return ['21', '22', '23', '54', 'P0'].includes(sqlState(error).slice(0, 2));
}

/** A refused append leaves the input where it is; it is still compared, so that a zombie stops. */
export function withoutMove({ input }: FlushOptions): FlushOptions {
  return input ? { input: { ...input, to: input.from } } : {};
}

function release(client: PoolClient, lost: boolean): void {
  try {
    client.release(lost);
  } catch {
    // The timeout has released it before.
  }
}

const unavailable = (cause: unknown): LogFault =>
  new LogFault('database_unavailable', true, 'the database is out of reach; try again', { cause });

const outcomeUnknown = (cause: unknown): LogFault =>
  new LogFault(
    'outcome_unknown',
    true,
    'the answer to a commit was lost and could not be looked up yet; ' +
      'do the same again with the same keys: what was stored answers "duplicate"',
    { cause },
  );

const contention = (cause: unknown): LogFault =>
  new LogFault('contention', true, 'other writers kept this flush from its commit; try again', {
    cause,
  });

const decidedOnChanged = (cause: unknown): LogFault =>
  new LogFault(
    'contention',
    true,
    `${cause instanceof Error ? cause.message : String(cause)}; decide again on what is stored now`,
    { cause },
  );

const laneClosed = (cause: unknown): LogFault =>
  new LogFault(
    'lane_closed',
    true,
    `${cause instanceof Error ? cause.message : String(cause)}; its relay opens it (startRelay)`,
    { cause },
  );

const flushFailed = (cause: Error): LogFault =>
  new LogFault(
    'flush_failed',
    false,
    `the database refuses what comes with the flush (effects, parked rows): ${cause.message}`,
    { cause },
  );
