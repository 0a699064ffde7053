import type { Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import type { Engine } from './engine.js';
import { claimWork, releaseLeasesOf, deriveWork, type Claimed } from './work.sql.js';

export interface WorkerOptions {
  readonly engine: Engine;
  readonly pool: Pool;
  /** This process, by a name that is stable over restarts. */
  readonly owner: string;
  /** Payments worked on at the same time, so also gateway calls in flight. */
  readonly atOnceMax: number;
  readonly leaseMs: number;
  /** The net under the wake-ups. */
  readonly everyMs: number;
  readonly logger: Logger;
}

/** Keeps the engine busy with payments that are due; any number of processes may do so. */
export class Worker {
  readonly #running = new Set<Promise<void>>();
  #stopping = false;
  #wake: () => void = () => undefined;
  #woken = false;
  #loop: Promise<void> | undefined;

  constructor(private readonly options: WorkerOptions) {}

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Something may be due now. */
  poke = (): void => {
    this.#woken = true;
    this.#wake();
  };

  /** Nothing new is taken; what is in the middle of a call may end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#loop;
    await Promise.all(this.#running);
  }

  async #run(): Promise<void> {
    const { pool, owner, logger } = this.options;
    let prepared = false;
    while (!this.#stopping) {
      try {
        if (!prepared) {
          await releaseLeasesOf(pool, owner);
          await deriveWork(pool);
          prepared = true;
        }
        await this.#round();
      } catch (error) {
        logger.warn({ err: error }, 'no work taken; trying again');
        await this.#pause();
      }
    }
  }

  async #round(): Promise<void> {
    const { pool, owner, atOnceMax, leaseMs } = this.options;
    this.#woken = false;
    const free = atOnceMax - this.#running.size;
    const claimed = free > 0 ? await claimWork(pool, free, leaseMs, owner) : [];
    for (const one of claimed) this.#begin(one);
    // A full hand means that more may be waiting: take it as soon as there is room.
    if (claimed.length < free || free === 0) await this.#pause();
  }

  #begin(claimed: Claimed): void {
    const { engine, logger } = this.options;
    const running = engine
      .advance(claimed)
      .catch((error: unknown) => {
        // The lease runs out and the payment is looked at again: nothing is lost, only later.
        logger.error(
          { err: error, paymentId: claimed.paymentId },
          'a payment could not be advanced',
        );
      })
      .finally(() => {
        this.#running.delete(running);
        if (this.#running.size === this.options.atOnceMax - 1) this.poke();
      });
    this.#running.add(running);
  }

  async #pause(): Promise<void> {
    if (this.#woken || this.#stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.options.everyMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}
