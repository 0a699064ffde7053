import type { Connection, Submittable } from 'pg';

/** Where one row's bytes lie: the server sends a row a message. They stay as they are. */
export type OnRow = (bytes: Buffer, from: number, to: number) => void;

const ARENA_BYTES = 256 * 1024;
/** So much may wait for its reader before the server has to wait as well. */
const PENDING_BYTES_MAX = 1024 * 1024;

/**
 * `copy … to stdout` on node-postgres's own parser, a row at a time. A stream between the two would cut and join buffers,
 * which at a million rows costs as much as all that is done with them.
 */
export class CopyOut implements Submittable {
  readonly #text: string;
  readonly #onRow: OnRow;
  #connection: Connection | undefined;
  #arena = Buffer.alloc(0);
  #at = 0;
  #pending = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(text: string, onRow: OnRow) {
    this.#text = text;
    this.#onRow = onRow;
  }

  /** Waits until `onRow` has had some rows since the last time; false when there are no more. */
  async next(): Promise<boolean> {
    for (;;) {
      if (this.#error) throw this.#error;
      if (this.#pending > 0) {
        if (this.#pending >= PENDING_BYTES_MAX) this.#connection?.stream.resume();
        this.#pending = 0;
        return true;
      }
      if (this.#ended) return false;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(this.#text);
  }

  /** The parser uses its buffer again, so the bytes are copied: many rows into one buffer of ours. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.#at + chunk.length > this.#arena.length) {
      this.#arena = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, chunk.length));
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += chunk.copy(this.#arena, from);
    this.#onRow(this.#arena, from, this.#at);
    const before = this.#pending;
    this.#pending += chunk.length;
    if (before < PENDING_BYTES_MAX && this.#pending >= PENDING_BYTES_MAX) {
      this.#connection?.stream.pause();
    }
    this.#wake();
  }

  handleError(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#wake();
  }

  handleCommandComplete(): void {}
}
