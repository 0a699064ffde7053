import type { EventLog } from '@paylog/event-sourcing';
import { startLoop, type WakingLoop } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import type { EventRow } from './payments.sql.js';

/** Who waits for a payment's events. */
export interface Reader {
  send(event: EventRow): void;
  /** The service stops, or the reader has been here long enough: it comes again, and is checked again. */
  end(): void;
}

interface Listener {
  readonly paymentId: string;
  version: number;
  readonly until: number;
  readonly reader: Reader;
}

/** Events of several payments, each after the version that its reader has. */
export type EventsAfter = (after: ReadonlyMap<string, number>) => Promise<EventRow[]>;

/** Another replica's commits don't wake this process; this is how late they are seen at most. */
const POLL_MS = 500;
/** A browser comes back by itself, with a token that is still valid. */
const LIFE_MS = 10 * 60_000;
const LISTENERS_MAX = 10_000;

/**
 * Events of payments as they are appended, for any number of waiting screens: one query a round for all of them, woken by
 * our own commits, and by a clock for those of other replicas.
 */
export class EventFeed {
  readonly #listeners = new Set<Listener>();
  readonly #loop: WakingLoop;
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(
    private readonly eventsAfter: EventsAfter,
    log: Pick<EventLog, 'onAppended'>,
    logger: Logger,
  ) {
    this.#loop = startLoop(POLL_MS, logger, 'the event feed could not read', () => this.#round());
    this.#unsubscribe = log.onAppended(() => this.#loop.wake());
  }

  get full(): boolean {
    return this.#listeners.size >= LISTENERS_MAX;
  }

  /** Sends every event after `version`, in order, until the returned function is called or the reader is ended. */
  listen(paymentId: string, version: number, reader: Reader): () => void {
    if (this.#closed) {
      reader.end();
      return () => undefined;
    }
    const listener = { paymentId, version, reader, until: Date.now() + LIFE_MS };
    this.#listeners.add(listener);
    this.#loop.wake();
    return () => void this.#listeners.delete(listener);
  }

  /** Ends every reader: an open stream would keep the process from stopping in order. */
  close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    for (const listener of this.#listeners) this.#end(listener);
    return this.#loop.stop();
  }

  async #round(): Promise<boolean> {
    const now = Date.now();
    const after = new Map<string, number>();
    for (const listener of this.#listeners) {
      const { paymentId, version, until } = listener;
      if (until < now) this.#end(listener);
      else after.set(paymentId, Math.min(version, after.get(paymentId) ?? version));
    }
    if (after.size === 0) return false;
    const events = await this.eventsAfter(after);
    for (const event of events) this.#deliver(event);
    return false;
  }

  #deliver(event: EventRow): void {
    for (const listener of this.#listeners) {
      if (listener.paymentId !== event.stream || listener.version >= event.version) continue;
      listener.version = event.version;
      listener.reader.send(event);
    }
  }

  #end(listener: Listener): void {
    this.#listeners.delete(listener);
    listener.reader.end();
  }
}
