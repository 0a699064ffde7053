/** Whether what is to be done later is done when its time comes, or only by `runAll`: then no spec races with a clock. */
export type Due = 'by_the_clock' | 'when_asked';

interface Waiting {
  readonly act: () => void;
  readonly timer?: NodeJS.Timeout;
}

/** Things to do later, all of which can be done now, or dropped. */
export class Timers {
  readonly #due: Due;
  readonly #waiting = new Set<Waiting>();
  #closed = false;

  constructor(due: Due) {
    this.#due = due;
  }

  after(delayMs: number, act: () => void): void {
    if (this.#closed) return;
    if (this.#due === 'when_asked') {
      this.#waiting.add({ act });
      return;
    }
    const waiting: Waiting = {
      act,
      timer: setTimeout(() => {
        this.#waiting.delete(waiting);
        act();
      }, delayMs),
    };
    this.#waiting.add(waiting);
  }

  /** Does what waits, without waiting. What it schedules in turn waits again. */
  runAll(): void {
    const due = [...this.#waiting];
    this.#waiting.clear();
    for (const { timer, act } of due) {
      clearTimeout(timer);
      act();
    }
  }

  get size(): number {
    return this.#waiting.size;
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }
}
