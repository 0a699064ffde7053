import { readFileSync } from 'node:fs';
import pg from 'pg';

/** What does not depend on how busy the machine is: a row of the work between two readings. */
export type Counters = Record<'fsyncs' | 'walBytes' | 'roundTrips' | 'cpuMicros', number>;

interface Reading {
  readonly fsyncs: number;
  readonly walBytes: number;
  readonly roundTrips: number;
  readonly cpuMicros: number;
}

let roundTrips = 0;
const { query } = pg.Client.prototype;
/** Every statement of this process goes through here, whichever pool or library sent it. */
pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
  roundTrips += 1;
  return Reflect.apply(query, this, args);
} as typeof query;

/** Statements that this process has sent. */
export const roundTripsSoFar = (): number => roundTrips;

/**
 * Reads what a piece of work costs: WAL fsyncs and WAL bytes of the whole server (so nobody else may work on it), and
 * of this process the SQL round trips and the CPU time, or the CPU time of the processes given.
 */
export class Meter {
  readonly #server: pg.Client;
  readonly #pids: readonly number[];
  #before: Reading | undefined;

  private constructor(server: pg.Client, pids: readonly number[]) {
    this.#server = server;
    this.#pids = pids;
  }

  /** `url`: a superuser's. `pids`: the processes whose CPU time counts; default this one. */
  static async open(url: string, pids: readonly number[] = []): Promise<Meter> {
    const server = new pg.Client({ connectionString: url, application_name: 'bench meter' });
    await server.connect();
    return new Meter(server, pids);
  }

  /** Dirty pages of whoever came before are written first, so that nobody pays for his neighbour. */
  async start(): Promise<void> {
    await this.#server.query('checkpoint');
    this.#before = await this.#read();
  }

  /** `busy`: the pools that did the work; a connection tells its share of fsyncs only when asked to. */
  async stop(rows: number, busy: readonly pg.Pool[] = []): Promise<Counters> {
    const cpuMicros = cpuMicrosOf(this.#pids);
    const trips = roundTrips;
    for (const pool of busy) await tellStatistics(pool);
    const after = { ...(await this.#read()), cpuMicros, roundTrips: trips };
    const before = this.#before;
    if (!before) throw new Error('the meter was not started');
    const each = (name: keyof Reading) => (after[name] - before[name]) / rows;
    return {
      fsyncs: each('fsyncs'),
      walBytes: each('walBytes'),
      roundTrips: each('roundTrips'),
      cpuMicros: each('cpuMicros'),
    };
  }

  async close(): Promise<void> {
    await this.#server.end();
  }

  async #read(): Promise<Reading> {
    // From the log's own position, not from pg_stat_wal: that lags until each connection reports.
    const { rows } = await this.#server.query<{ fsyncs: string; wal: string }>(
      `select sum(fsyncs) as fsyncs, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as wal
       from pg_stat_io where object = 'wal'`,
    );
    return {
      fsyncs: Number(rows[0]?.fsyncs),
      walBytes: Number(rows[0]?.wal),
      roundTrips,
      cpuMicros: cpuMicrosOf(this.#pids),
    };
  }
}

/** All connections of the pool at once, as none may be asked twice instead of another. */
async function tellStatistics(pool: pg.Pool): Promise<void> {
  const all = Array.from({ length: pool.totalCount }, () => pool.connect());
  for (const client of await Promise.all(all)) {
    await client.query('select pg_stat_force_next_flush()');
    client.release();
  }
}

const TICKS_PER_SECOND = 100;

/** User and system time so far, of this process or of those given (Linux), in microseconds. */
export function cpuMicrosOf(pids: readonly number[] = []): number {
  if (pids.length === 0) {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
  return pids.reduce((sum, pid) => {
    // Behind the program's name, which may hold anything: state, and eleven fields further the times.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = Number(fields[11]) + Number(fields[12]);
    return sum + (ticks * 1_000_000) / TICKS_PER_SECOND;
  }, 0);
}
