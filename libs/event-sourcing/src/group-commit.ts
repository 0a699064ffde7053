import { appendBytes } from './check-append.js';
import { Overloaded } from './fault.js';
import {
  FLUSH_APPENDS_MAX,
  FLUSH_BYTES_MAX,
  type Append,
  type AppendAnswer,
  type EventLog,
} from './log.js';

interface Waiting {
  append: Append;
  resolve(answer: AppendAnswer): void;
  reject(error: unknown): void;
}

/** A flush that takes longer waits for a disk, not for a processor that a second one would take from it. */
const SLOW_MS = 2;

interface Flight {
  readonly size: number;
}

const turnEnds = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface GroupCommitOptions {
  /** How many appends may wait (default 4096); beyond it `submit` throws `Overloaded`. */
  queueMax?: number;
  /**
   * The lane of an append doesn't matter (its key is unique across lanes all the same): each flush
   * goes to one lane, the next to the next. It then locks one head and writes one block, and two
   * processes seldom wait for each other.
   */
  anyLane?: boolean;
}

/**
 * Appends of many callers in few commits, without a timer: a flush takes whatever arrived while
 * the last one was in flight, so that an idle log adds no delay and a busy one adds no commits.
 */
export class GroupCommit {
  readonly #log: EventLog;
  readonly #queueMax: number;
  readonly #anyLane: boolean;
  /** Anywhere at first, so that processes don't go in step. */
  #lane: number;
  readonly #inFlightMax: number;
  readonly #inFlight = new Set<Flight>();
  readonly #unanswered = new Set<Promise<void>>();
  #queue: Waiting[] = [];
  #turn: Promise<void> | undefined;
  #lastTookMs = 0;

  constructor(log: EventLog, { queueMax = 4096, anyLane = false }: GroupCommitOptions = {}) {
    this.#log = log;
    this.#queueMax = queueMax;
    this.#anyLane = anyLane;
    this.#inFlightMax = anyLane ? Math.min(2, log.lanes) : 1;
    this.#lane = Math.floor(Math.random() * log.lanes);
  }

  /** Resolves after the commit. Rejects with the fault of the flush that the append was part of. */
  submit(append: Append): Promise<AppendAnswer> {
    if (this.#queue.length >= this.#queueMax) {
      return Promise.reject(new Overloaded(this.#queue.length));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ append, resolve, reject });
      // Looked at when this turn ends, so that what arrives in it, on whatever socket, shares a flush.
      this.#turn ??= turnEnds().then(() => {
        this.#turn = undefined;
        this.#startFlush();
      });
    });
  }

  /** Resolves when everything that was submitted has its answer. */
  async drain(): Promise<void> {
    while (this.#turn || this.#unanswered.size > 0) {
      await this.#turn;
      await Promise.all(this.#unanswered);
    }
  }

  /**
   * The next flush starts when the last one has its answer. Where lanes don't matter a second one
   * may start beside it, once it would be as large, if flushes take long: a slow disk then makes
   * nobody wait twice, while on a fast one flushes don't get smaller.
   */
  #startFlush(): void {
    if (this.#queue.length === 0) return;
    if (this.#inFlight.size >= (this.#lastTookMs > SLOW_MS ? this.#inFlightMax : 1)) return;
    for (const { size } of this.#inFlight) if (this.#queue.length < size) return;
    const batch = this.#queue.splice(0, sizeOfNextFlush(this.#queue));
    const answered = this.#flush(batch);
    this.#unanswered.add(answered);
    void answered.then(() => this.#unanswered.delete(answered));
  }

  /** Never rejects. */
  async #flush(batch: readonly Waiting[]): Promise<void> {
    const flight: Flight = { size: batch.length };
    this.#inFlight.add(flight);
    const began = performance.now();
    const answer = await this.#answerTo(batch);
    this.#lastTookMs = performance.now() - began;
    this.#inFlight.delete(flight);
    this.#startFlush();
    // The next flush is sent before the callers of this one go on: what they do would hold it up.
    await turnEnds();
    answer();
  }

  async #answerTo(batch: readonly Waiting[]): Promise<() => void> {
    try {
      const answers = await this.#log.append(this.#placed(batch));
      return () =>
        batch.forEach(({ resolve, reject }, i) => {
          const answer = answers[i];
          if (answer) resolve(answer);
          else reject(new Error(`the log gave ${answers.length} answers to ${batch.length}`));
        });
    } catch (error) {
      return () => batch.forEach(({ reject }) => reject(error));
    }
  }

  #placed(batch: readonly Waiting[]): Append[] {
    if (!this.#anyLane) return batch.map(({ append }) => append);
    const lane = this.#lane;
    this.#lane = (lane + 1) % this.#log.lanes;
    return batch.map(({ append }) => ({ ...append, lane }));
  }
}

/** As many as a flush may hold, and at least one: a single oversized append is answered alone. */
function sizeOfNextFlush(queue: readonly Waiting[]): number {
  let bytes = 0;
  let count = 0;
  for (const { append } of queue) {
    bytes += appendBytes(append);
    if (count > 0 && (count >= FLUSH_APPENDS_MAX || bytes > FLUSH_BYTES_MAX)) break;
    count += 1;
  }
  return count;
}
