import type { Logger } from '@paylog/observability';

/** News of another process, or a wake-up lost in a crash, waits at most this long. */
const LOOK_EVERY_MS = 500;

/** Runs rounds of work one after another: when woken, and by the clock. */
export class Engine {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(
    private readonly round: () => Promise<boolean>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.wake();
  }

  readonly wake = (): void => {
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.#rounds().finally(() => {
      this.#running = undefined;
      if (!this.#stopped) this.#timer = setTimeout(this.wake, LOOK_EVERY_MS);
    });
  };

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #rounds(): Promise<void> {
    do {
      this.#again = false;
      try {
        if (await this.round()) this.#again = true;
      } catch (error) {
        this.logger.warn({ err: error }, 'a round of decisions failed; it is tried again');
        return;
      }
    } while (this.#again && !this.#stopped);
  }
}
