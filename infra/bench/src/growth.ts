import { type ChildProcess, fork } from 'node:child_process';
import { createPool } from '@paylog/postgres';
import type { Pool } from 'pg';
import {
  type Bench,
  type BenchReport,
  type Contender,
  runBench,
  type SpecialBench,
} from './bench.js';
import { FreshDatabases, nameIn } from './fresh-database.js';
import { FACTS_A_PAYMENT } from './growth-turns.js';
import type { Done, Task } from './growth-worker.js';
import { loadPayments } from './load-payments.js';
import type { Measured } from './measured.js';
import { startPaymentDatabase, withoutCheckpoints } from './payment-database.js';
import { printerOf, type StoredPayment } from './payment-histories.js';
import { spreadOf } from './ratios.js';
import { tableOf } from './table.js';
import { beginningOf, TEN_FACTS } from './told-histories.js';

const SIZES = [10_000, 100_000, 1_000_000];
/** Facts that each payment has when the clock starts. */
const KNOWN = 1;
const PAYMENTS_A_ROUND = 256;
/** What may be lost from the smallest to the largest. */
const FLAT_WITHIN = 0.15;

/** New payments, and further facts of payments that are there: each compared with itself over the sizes. */
const KINDS = ['new', 'known'] as const;
type Kind = (typeof KINDS)[number];

/** Payment-state at several sizes, side by side: what a payment costs must not hang on how many there are. */
export const growth: SpecialBench = {
  name: 'growth',
  about: 'what a payment costs payment-state among ten thousand, a hundred thousand and a million',
  async run(options): Promise<BenchReport> {
    const largest = options.rows ?? Math.max(...SIZES);
    const sizes = SIZES.filter((size) => size < largest).concat(largest);
    const memory = new Map<number, number[]>();
    const bench = benchOf(sizes, memory);
    const { result, figures } = await runBench(bench, options);
    const memoryMb = Object.fromEntries(
      [...memory].map(([size, bytes]) => [size, spreadOf(bytes.map((each) => each / 1e6))]),
    );
    const smallest = memoryMb[sizes[0] ?? 0]?.median ?? Number.NaN;
    const memoryRatio = (memoryMb[largest]?.median ?? Number.NaN) / smallest;
    const slowest = Math.min(...Object.values(result.ratios).map(({ median }) => median));
    const flat = { time: slowest >= 1 / (1 + FLAT_WITHIN), memory: memoryRatio <= 1 + FLAT_WITHIN };
    const note =
      `rows are payments; heap after a collection, MB: ${JSON.stringify(memoryMb)}; ` +
      `the largest keeps ${memoryRatio.toFixed(2)} x of the smallest; flat within 15 %: ${JSON.stringify(flat)}`;
    return {
      result: { ...result, memoryMb, memoryRatio, flat },
      table: `${tableOf(result, figures)}\n${note}`,
    };
  },
};

function benchOf(sizes: readonly number[], memory: Map<number, number[]>): Bench {
  return {
    name: 'growth',
    about: growth.about,
    compares: 'throughput',
    async open({ say }) {
      const database = await startPaymentDatabase();
      await withoutCheckpoints(database.superuserUrl);
      const databases = await FreshDatabases.on(database.superuserUrl);
      const grown: Grown[] = [];
      for (const size of sizes) {
        const url = await databases.create(nameIn(database.superuserUrl));
        grown.push(await Grown.open(url, size, memory));
        say(`${size} payments loaded`);
      }
      return {
        contenders: KINDS.flatMap((kind) => grown.map((one) => one.contender(kind, sizes))),
        async close() {
          for (const one of grown) await one.close();
          await databases.close();
          await database.stop();
        },
      };
    },
  };
}

/** A database with so many payments, and the process that works on it. */
class Grown {
  readonly #pool: Pool;
  readonly #size: number;
  readonly #memory: number[] = [];
  readonly #worker: ChildProcess;
  #next: Record<Kind, number>;

  private constructor(pool: Pool, size: number, worker: ChildProcess) {
    this.#pool = pool;
    this.#size = size;
    this.#worker = worker;
    this.#next = { new: size + 1, known: 0 };
  }

  static async open(url: string, size: number, memory: Map<number, number[]>): Promise<Grown> {
    const pool = createPool(url, {
      name: 'growth',
      connectTimeoutMs: 30_000,
      transactionTimeoutMs: 0,
    });
    // A vacuum would fall into the rounds of the smallest, whose tables soon change by a fifth.
    for (const table of ['payments.rows', 'payments.keys', 'query.payments', 'payments.flushes']) {
      await pool.query(`alter table ${table} set (autovacuum_enabled = off)`);
    }
    await loadPayments(pool, beginnings(size));
    await pool.query('vacuum (freeze, analyze)');
    const worker = fork(new URL('growth-worker.js', import.meta.url), [url], {
      execArgv: ['--expose-gc'],
    });
    await answerOf(worker);
    const grown = new Grown(pool, size, worker);
    memory.set(size, grown.#memory);
    return grown;
  }

  contender(kind: Kind, sizes: readonly number[]): Contender {
    const largest = this.#size === Math.max(...sizes);
    const what = kind === 'new' ? 'new payments' : 'known payments';
    return {
      key: `${what} among ${this.#size}`,
      role: largest ? 'ours' : 'peer',
      group: kind,
      round: () => this.#round(kind),
    };
  }

  async close(): Promise<void> {
    this.#worker.disconnect();
    await this.#pool.end();
  }

  async #round(kind: Kind): Promise<Measured> {
    const known = kind === 'new' ? 0 : KNOWN;
    const before = await this.#events();
    this.#worker.send({ numbers: this.#numbers(kind), known } satisfies Task);
    const done = (await answerOf(this.#worker)) as Done;
    this.#memory.push(done.heapBytes);
    const facts = (await this.#events()) - before;
    const cpuMicros = done.cpuMicros / PAYMENTS_A_ROUND;
    return {
      rows: facts / (FACTS_A_PAYMENT - known),
      acked: done.facts / (FACTS_A_PAYMENT - known),
      seconds: done.seconds,
      counters: { cpuMicros },
    };
  }

  /** Each payment once: new ones behind the last, known ones spread over all that are there. */
  #numbers(kind: Kind): number[] {
    const first = this.#next[kind];
    this.#next[kind] += PAYMENTS_A_ROUND;
    const all = Array.from({ length: PAYMENTS_A_ROUND }, (_, i) => first + i);
    if (kind === 'new') return all;
    return all.map((number) => 1 + ((number * SPREAD) % this.#size));
  }

  /** Positions are gapless, so the heads tell how many rows there are. */
  async #events(): Promise<number> {
    const { rows } = await this.#pool.query<{ events: string }>(
      'select sum(next_position) as events from payments.lanes',
    );
    return Number(rows[0]?.events);
  }
}

/** A prime, so no payment comes twice before each has come once. */
const SPREAD = 7_919;

function* beginnings(count: number): Generator<StoredPayment> {
  const printers = TEN_FACTS.map((history) => printerOf(beginningOf(history, KNOWN)));
  for (let number = 1; number <= count; number++) {
    const print = printers[number % printers.length];
    if (print) yield print(number);
  }
}

function answerOf(worker: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`the worker ended with ${code}`));
    worker.once('exit', gone);
    worker.once('message', (answer) => {
      worker.off('exit', gone);
      resolve(answer);
    });
  });
}
