import type { Session } from './session.js';

const POLL_MS = 1_000;

/** The right to work on one lane, for as long as `signal` has not aborted. */
export class Lease {
  /** The session that holds the lock: what is written through it dies with the lock. */
  readonly session: Session;
  readonly #ended = new AbortController();
  #woken = false;
  #wakeUp: (() => void) | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  end(): void {
    this.#ended.abort();
    this.#wakeUp?.();
  }

  wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  /** Call before reading: what is appended from here on ends the next `idle()` at once. */
  listen(): void {
    this.#woken = false;
  }

  /** Until new rows are announced; or 1 s, in case an announcement was lost. */
  async idle(): Promise<void> {
    if (!this.#woken) await this.pause(POLL_MS, true);
  }

  /** Waits, but not beyond the end of the lease. */
  async pause(ms: number, wakeable = false): Promise<void> {
    if (this.#ended.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const end = (): void => done();
      this.#ended.signal.addEventListener('abort', end, { once: true });
      if (wakeable) this.#wakeUp = done;
      const forget = (): void => this.#ended.signal.removeEventListener('abort', end);
      function done(): void {
        clearTimeout(timer);
        forget();
        resolve();
      }
    });
    this.#wakeUp = undefined;
  }
}
