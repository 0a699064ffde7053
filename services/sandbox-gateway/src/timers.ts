/** Things to do later, all of which can be done now, or dropped. */
export class Timers {
  readonly #waiting = new Map<NodeJS.Timeout, () => void>();
  #closed = false;

  after(delayMs: number, act: () => void): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      act();
    }, delayMs);
    this.#waiting.set(timer, act);
  }

  /** Does what waits, without waiting. What it schedules in turn waits again. */
  runAll(): void {
    const due = [...this.#waiting];
    this.#waiting.clear();
    for (const [timer, act] of due) {
      clearTimeout(timer);
      act();
    }
  }

  get size(): number {
    return this.#waiting.size;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#waiting.keys()) clearTimeout(timer);
    this.#waiting.clear();
  }
}
