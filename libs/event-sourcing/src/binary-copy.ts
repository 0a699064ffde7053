import type { LogRow } from './log.js';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;

/** The columns in the order that `decodeRows` expects them. */
export const COPIED_COLUMNS =
  'lane, position, stream, version, id, type, schema_version, source, time, correlation_id, ' +
  'causation_id, traceparent, key, data, digest';

/** Rows out of `copy … to stdout (format binary)`: bytes as they are, no text in between. */
export async function* decodeRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<LogRow[]> {
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!started) {
      if (rest.length < HEADER_BYTES) continue;
      if (!rest.subarray(0, SIGNATURE.length).equals(SIGNATURE)) {
        throw new Error('this is not the binary format of COPY');
      }
      rest = rest.subarray(HEADER_BYTES + rest.readInt32BE(SIGNATURE.length + 4));
      started = true;
    }
    const rows: LogRow[] = [];
    for (;;) {
      const tuple = new Tuple(rest);
      const row = tuple.isComplete() ? tuple.toRow() : undefined;
      if (!row) break;
      rows.push(row);
      rest = rest.subarray(tuple.length);
    }
    if (rows.length > 0) yield rows;
  }
}

/** One row's fields: a count, then for each its length (-1: null) and its bytes. */
class Tuple {
  readonly #bytes: Buffer;
  #at = 2;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#at;
  }

  /** False also for the trailer, whose count is -1. */
  isComplete(): boolean {
    if (this.#bytes.length < 2) return false;
    const fields = this.#bytes.readInt16BE(0);
    if (fields < 0) return false;
    let at = 2;
    for (let i = 0; i < fields; i++) {
      if (at + 4 > this.#bytes.length) return false;
      at += 4 + Math.max(0, this.#bytes.readInt32BE(at));
    }
    return at <= this.#bytes.length;
  }

  toRow(): LogRow {
    const row: LogRow = {
      lane: this.#int4(),
      position: this.#int8(),
      stream: this.#text(),
      version: this.#int4(),
      id: this.#text(),
      type: this.#text(),
      schemaVersion: this.#int4(),
      source: this.#text(),
      time: this.#text(),
      ...this.#optional('correlationId'),
      ...this.#optional('causationId'),
      ...this.#optional('traceparent'),
      key: this.#text(),
      data: Buffer.from(this.#field() ?? []),
      digest: Buffer.from(this.#field() ?? []),
    };
    return row;
  }

  #field(): Buffer | undefined {
    const length = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    if (length < 0) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #int4 = (): number => this.#field()?.readInt32BE(0) ?? 0;
  #int8 = (): bigint => this.#field()?.readBigInt64BE(0) ?? 0n;
  #text = (): string => this.#field()?.toString('utf8') ?? '';

  #optional<K extends 'correlationId' | 'causationId' | 'traceparent'>(
    name: K,
  ): { [P in K]?: string } {
    const field = this.#field();
    return field === undefined ? {} : ({ [name]: field.toString('utf8') } as { [P in K]: string });
  }
}
