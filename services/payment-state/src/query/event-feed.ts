import type { EventLog, Logger } from '@paylog/event-sourcing';
import type { Pool } from 'pg';
import { eventsAfter, type EventRow } from './payments.sql.js';

interface Listener {
  readonly paymentId: string;
  version: number;
  readonly send: (event: EventRow) => void;
}

/** Another replica's commits don't wake this process; this is how late they are seen at most. */
const POLL_MS = 500;

/**
 * Events of payments as they are appended, for any number of waiting screens: one query a round for all of them, woken by
 * our own commits, and by a clock for those of other replicas.
 */
export class EventFeed {
  readonly #listeners = new Set<Listener>();
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #again = false;
  #closed = false;

  constructor(
    private readonly pool: Pool,
    log: EventLog,
    private readonly logger: Logger,
  ) {
    this.#unsubscribe = log.onAppended(() => this.#wake());
  }

  /** Sends every event after `version`, in order, until the returned function is called. */
  listen(paymentId: string, version: number, send: (event: EventRow) => void): () => void {
    const listener = { paymentId, version, send };
    this.#listeners.add(listener);
    this.#wake();
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #wake(): void {
    if (this.#closed || this.#listeners.size === 0) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    clearTimeout(this.#timer);
    void this.#round().finally(() => {
      this.#running = false;
      if (this.#again) {
        this.#again = false;
        this.#wake();
      } else if (!this.#closed) {
        this.#timer = setTimeout(() => this.#wake(), POLL_MS);
      }
    });
  }

  async #round(): Promise<void> {
    const after = new Map<string, number>();
    for (const { paymentId, version } of this.#listeners) {
      after.set(paymentId, Math.min(version, after.get(paymentId) ?? version));
    }
    try {
      for (const event of await eventsAfter(this.pool, after)) this.#deliver(event);
    } catch (error) {
      this.logger.warn({ err: error }, 'the event feed could not read; it tries again');
    }
  }

  #deliver(event: EventRow): void {
    for (const listener of this.#listeners) {
      if (listener.paymentId !== event.stream || listener.version >= event.version) continue;
      listener.version = event.version;
      listener.send(event);
    }
  }
}
