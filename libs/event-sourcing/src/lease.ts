import type { Session } from './session.js';

/** The lanes' owner looks every second whether a head has moved: this is for what even that misses. */
const POLL_MS = 10_000;

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

  /** Until new rows are announced since `listen()`; or 10 s, in case a wake-up was lost. */
  async idle(ms = POLL_MS): Promise<void> {
    if (!this.#woken) await this.pause(ms, true);
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
