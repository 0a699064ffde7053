/** Lets callers through, or makes them wait outside while those inside finish. */
export class Gate {
  #closed: { until: Promise<void>; open: () => void } | undefined;
  readonly #inside = new Set<Promise<unknown>>();

  async through<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed.until;
    const running = work();
    this.#inside.add(running);
    try {
      return await running;
    } finally {
      this.#inside.delete(running);
    }
  }

  /** Nobody enters any more; resolves when nobody is inside. */
  async close(): Promise<void> {
    if (this.#closed === undefined) {
      let open = () => {};
      const until = new Promise<void>((resolve) => {
        open = resolve;
      });
      this.#closed = { until, open };
    }
    await Promise.allSettled(this.#inside);
  }

  open(): void {
    this.#closed?.open();
    this.#closed = undefined;
  }
}
