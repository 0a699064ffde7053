/**
 * Work on one lane, one after the other. Three topics tell of a payment, and their batches are taken side by side: each
 * would decide on what it read and then find that another one has written, again and again when many facts come about
 * the same payments. Other processes are kept apart by the versions of the streams.
 */
export class Turns {
  readonly #last = new Map<number, Promise<unknown>>();

  /** Begins when what was asked for earlier has ended, well or not. */
  take<T>(lane: number, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(lane) ?? Promise.resolve();
    const mine = before.then(work);
    const ended = mine.catch(() => undefined);
    this.#last.set(lane, ended);
    return mine;
  }
}
