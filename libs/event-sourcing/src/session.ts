import { setTimeout as sleep } from 'node:timers/promises';
import { crossing } from '@paylog/failpoints';
import { dedicatedClient } from '@paylog/postgres';
import type { Client, Pool, QueryResult, QueryResultRow } from 'pg';
import type { KeptStatement } from './log-sql.js';

const atSession = crossing('event-sourcing.session');

const ANSWER_TIMEOUT_MS = 3_000;

export interface SessionEvents {
  /** `backend`: the server process whose commit announced it. */
  onNotification(payload: string, backend: number): void;
  /** Also of one that is lost before it is open. */
  onLost(session: Session): void;
}

/**
 * One connection whose life means something: it holds advisory locks, it listens. Many lanes write
 * through it, so its queries wait for each other. No answer within 3 s counts as lost.
 */
export class Session {
  readonly #client: Client;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(client: Client) {
    this.#client = client;
  }

  static async open(
    pool: Pool,
    name: string,
    settings: string,
    events: SessionEvents,
  ): Promise<Session> {
    const client = dedicatedClient(pool, name);
    const session = new Session(client);
    client.on('error', () => events.onLost(session));
    client.on('end', () => events.onLost(session));
    client.on('notification', ({ payload = '', processId }) =>
      events.onNotification(payload, processId),
    );
    try {
      await atSession(() => withDeadline(client.connect()));
      await session.query(settings);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  query<R extends QueryResultRow>(
    asked: string | KeptStatement,
    values?: unknown[],
  ): Promise<QueryResult<R>> {
    const answer = this.#last.then(() => withDeadline(this.#client.query<R>(asked, values)));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    await withDeadline(this.#client.end()).catch(() => undefined);
  }
}

/** A server that stands still answers nothing, not even an error. */
async function withDeadline<T>(answer: Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const deadline = sleep(ANSWER_TIMEOUT_MS, undefined, { signal: cancel.signal }).then(() => {
    throw new Error(`no answer from the database in ${ANSWER_TIMEOUT_MS} ms`);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    cancel.abort();
    deadline.catch(() => undefined);
  }
}
