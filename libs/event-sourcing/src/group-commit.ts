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

/**
 * Appends of many callers in few commits, without a timer: a flush takes whatever arrived while
 * the last one was in flight, so that an idle log adds no delay and a busy one adds no commits.
 */
export class GroupCommit {
  readonly #log: EventLog;
  readonly #queueMax: number;
  #queue: Waiting[] = [];
  #flushing: Promise<void> | undefined;

  /** `queueMax`: how many appends may wait (default 4096); beyond it `submit` throws `Overloaded`. */
  constructor(log: EventLog, { queueMax = 4096 }: { queueMax?: number } = {}) {
    this.#log = log;
    this.#queueMax = queueMax;
  }

  /** Resolves after the commit. Rejects with the fault of the flush that the append was part of. */
  submit(append: Append): Promise<AppendAnswer> {
    if (this.#queue.length >= this.#queueMax) {
      return Promise.reject(new Overloaded(this.#queue.length));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ append, resolve, reject });
      // Started in a microtask, so that what arrives in the same turn shares the first flush.
      this.#flushing ??= Promise.resolve().then(() => this.#flushAll());
    });
  }

  /** Resolves when everything that was submitted has its answer. */
  async drain(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async #flushAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, sizeOfNextFlush(this.#queue));
      try {
        const answers = await this.#log.append(batch.map(({ append }) => append));
        batch.forEach(({ resolve, reject }, i) => {
          const answer = answers[i];
          if (answer) resolve(answer);
          else reject(new Error(`the log gave ${answers.length} answers to ${batch.length}`));
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#flushing = undefined;
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
