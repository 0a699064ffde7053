import { setTimeout as sleep } from 'node:timers/promises';
import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import { Lease } from './lease.js';
import type { Logger } from './log.js';
import { type KeptStatement, keptStatement } from './log-sql.js';
import { Session } from './session.js';
import { isOwn, onAppended } from './wake.js';

const atLaneShare = crossing('event-sourcing.lane-share');
const atLaneLock = crossing('event-sourcing.lane-lock');

const TICK_MS = 1_000;
const RECONNECT_MS = 100;
/** Longer than several ticks: a live owner never loses its session, a frozen one does. */
const IDLE_SESSION_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 4_000;
const APPLICATION_NAME_MAX = 63;

export interface LaneOwnerOptions {
  pool: Pool;
  schema: string;
  /** What the lanes are owned for, for example `relay`: the locks' name. */
  purpose: string;
  lanes: readonly number[];
  logger: Logger;
  /** Works until `lease.signal` aborts. Called again, after a pause, when it throws. */
  run(lane: number, lease: Lease): Promise<void>;
}

/**
 * Takes lanes for this process, each by a session advisory lock, and lets one worker run for each.
 * All locks are of one connection with `idle_session_timeout`: a process that freezes loses them,
 * and somebody else goes on. Processes with the same purpose share the lanes evenly.
 */
export class LaneOwner {
  readonly #options: LaneOwnerOptions;
  readonly #leases = new Map<number, { lease: Lease; done: Promise<void> }>();
  readonly #name: string;
  readonly #stopped = new AbortController();
  #lost = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #state: KeptStatement;
  readonly #heads = new Map<number, string>();
  #session: Session | undefined;
  #listening = false;
  #loop: Promise<void> | undefined;

  constructor(options: LaneOwnerOptions) {
    this.#options = options;
    const name = `${options.purpose} ${options.schema}`;
    this.#name = name.slice(0, APPLICATION_NAME_MAX);
    this.#state = keptStatement('lanes-and-peers.sql', options.schema);
    this.#unsubscribe = onAppended(options.pool, options.schema, (lanes) => this.#wake(lanes));
  }

  /** Resolves after the first try to take lanes; goes on in the background whatever it brought. */
  async start(): Promise<void> {
    await this.#tick();
    this.#loop = this.#tickUntilStopped();
  }

  /** Lets the workers finish what they are at (4 s at most), then gives the lanes away. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#unsubscribe();
    await this.#loop;
    const all = [...this.#leases.values()];
    for (const { lease } of all) lease.end();
    const deadline = sleep(STOP_TIMEOUT_MS, undefined, { ref: false });
    await Promise.race([Promise.all(all.map(({ done }) => done)), deadline]);
    await this.#disconnect();
  }

  owns(lane: number): boolean {
    return this.#leases.has(lane);
  }

  async #tickUntilStopped(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const until = AbortSignal.any([signal, this.#lost.signal]);
      const wait = this.#session ? TICK_MS : RECONNECT_MS;
      await sleep(wait, undefined, { signal: until }).catch(() => undefined);
      this.#lost = new AbortController();
      if (!signal.aborted) await this.#tick();
    }
  }

  /** Also the ping that keeps the session alive. */
  async #tick(): Promise<void> {
    try {
      const session = (this.#session ??= await this.#open());
      const peers = await this.#look(session);
      await this.#listenTo(session, peers - 1);
      const share = Math.ceil(this.#options.lanes.length / peers);
      this.#giveAwaySurplus(session, share);
      for (const lane of this.#options.lanes) {
        if (this.#leases.size >= share) break;
        if (!this.#leases.has(lane) && (await this.#tryLock(session, lane))) {
          this.#take(session, lane);
        }
      }
    } catch (error) {
      this.#options.logger.warn({ err: error, owner: this.#name }, 'no connection for lane locks');
      await this.#disconnect();
    }
  }

  #open(): Promise<Session> {
    const { pool } = this.#options;
    // The cursor is a hint, written after each batch: its commit need not wait for the disk.
    const settings = `set idle_session_timeout = ${IDLE_SESSION_TIMEOUT_MS};
      set synchronous_commit = off`;
    this.#listening = false;
    return Session.open(pool, this.#name, settings, {
      onNotification: (payload, backend) => {
        if (!isOwn(pool, backend)) this.#wake(payload.split(',').map(Number));
      },
      onLost: (session) => this.#lose(session),
    });
  }

  /**
   * How many processes are there for the same purpose, each for an equal part of the lanes. Lanes whose head has moved
   * since the last look are woken, in case an announcement was lost: one question instead of one a lane.
   */
  async #look(session: Session): Promise<number> {
    const { lanes } = this.#options;
    const { rows } = await atLaneShare(() =>
      session.query<{ peers: number; lane: number; next: string }>(this.#state, [
        this.#name,
        lanes,
      ]),
    );
    for (const { lane, next } of rows) {
      if (this.#heads.get(lane) !== next) this.#wake([lane]);
      this.#heads.set(lane, next);
    }
    return Math.max(1, rows[0]?.peers ?? 1);
  }

  /**
   * Announcements tell what others append. Every commit wakes all who listen in the database, so nobody does while he is
   * alone: what this process appends it knows, and what a tool appends is seen at the next look.
   */
  async #listenTo(session: Session, others: number): Promise<void> {
    const listen = others > 0;
    if (listen === this.#listening) return;
    const change = `${listen ? 'listen' : 'unlisten'} "${this.#options.schema}"`;
    await atLaneShare(() => session.query(change));
    this.#listening = listen;
  }

  #giveAwaySurplus(session: Session, share: number): void {
    const live = [...this.#leases].filter(([, { lease }]) => !lease.signal.aborted);
    const last = live.at(-1);
    if (!last || live.length <= share) return;
    const [lane, { lease, done }] = last;
    lease.end();
    // One that is stuck in its target keeps the lock until it comes back; the tick must go on.
    void done.then(() =>
      session
        .query('select pg_advisory_unlock(hashtext($1), $2)', [this.#name, lane])
        .catch(() => undefined),
    );
  }

  async #tryLock(session: Session, lane: number): Promise<boolean> {
    const { rows } = await atLaneLock(() =>
      session.query<{ locked: boolean }>(
        'select pg_try_advisory_lock(hashtext($1), $2) as locked',
        [this.#name, lane],
      ),
    );
    return rows[0]?.locked ?? false;
  }

  #take(session: Session, lane: number): void {
    const lease = new Lease(session);
    const done = this.#work(lane, lease).finally(() => this.#leases.delete(lane));
    this.#leases.set(lane, { lease, done });
  }

  async #work(lane: number, lease: Lease): Promise<void> {
    const { run, logger } = this.#options;
    for (let failures = 0; !lease.signal.aborted; failures++) {
      try {
        await run(lane, lease);
      } catch (error) {
        if (lease.signal.aborted) return;
        logger.warn({ err: error, owner: this.#name, lane, failures }, 'a lane stands still');
        await lease.pause(Math.min(5_000, 100 * 2 ** Math.min(failures, 6)));
      }
    }
  }

  #wake(lanes: readonly number[]): void {
    for (const lane of lanes) this.#leases.get(lane)?.lease.wake();
  }

  /** The session is gone and its locks with it: nothing more may be done in their name. */
  #lose(session: Session | undefined): void {
    if (!session || this.#session !== session) return;
    this.#session = undefined;
    this.#lost.abort();
    for (const { lease } of this.#leases.values()) lease.end();
  }

  async #disconnect(): Promise<void> {
    const session = this.#session;
    this.#lose(session);
    await session?.close();
  }
}
