// As node-postgres sends parameters, each array becomes a buffer of its own, each buffer is copied into a message that grows
// by halves, and all of it is garbage after the call: half of what an append costs this process. Here they are written
// where they are sent from.

/** What must be sent behind the parameters: execute to the end, and then the answer's end. */
const EXECUTE_AND_SYNC = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4]);
const BIND = 0x42;
const BINARY = 1;
const JSONB_VERSION = 1;
const OID = { bytea: 17, int8: 20, int4: 23, text: 25 } as const;

/** Up to this length a loop is faster than a call out of JavaScript. */
const SHORT_TEXT = 48;
/** A larger one is not kept for the next call. */
const KEPT_BYTES_MAX = 1024 * 1024;

/**
 * The message that calls a prepared statement, with its parameters in Postgres's binary format: bytes travel as they
 * are, and one statement serves every batch size. One buffer, used again by the next call.
 */
export class CallWriter {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #view = viewOf(this.#bytes);
  #at = 0;
  /** Where the number of parameters is, and where the length of the array being written. */
  #countAt = 0;
  #count = 0;

  get worthKeeping(): boolean {
    return this.#bytes.length <= KEPT_BYTES_MAX;
  }

  begin(statement: string): this {
    this.#bytes[0] = BIND;
    this.#at = 5; // Its length is known at the end.
    this.#bytes[this.#at++] = 0; // The unnamed portal.
    this.#at += this.#bytes.write(`${statement}\0`, this.#at);
    this.#int16(1); // One format for all parameters.
    this.#int16(BINARY);
    this.#countAt = this.#at;
    this.#count = 0;
    this.#at += 2;
    return this;
  }

  /** The whole message. Its bytes are those of this writer: done with before the next `begin`. */
  end(): Buffer {
    this.#need(2 + EXECUTE_AND_SYNC.length);
    this.#view.setInt16(this.#countAt, this.#count);
    this.#int16(0); // Results as text.
    this.#view.setInt32(1, this.#at - 1);
    this.#bytes.set(EXECUTE_AND_SYNC, this.#at);
    return this.#bytes.subarray(0, this.#at + EXECUTE_AND_SYNC.length);
  }

  null(): void {
    this.#parameter(4);
    this.#int32(-1);
  }

  uuid(value: string): void {
    this.#parameter(20);
    this.#int32(16);
    this.#at += this.#bytes.write(value.replaceAll('-', ''), this.#at, 'hex');
  }

  int4(value: number | undefined): void {
    if (value === undefined) return this.null();
    this.#parameter(8);
    this.#int32(4);
    this.#int32(value);
  }

  int8(value: bigint | undefined): void {
    if (value === undefined) return this.null();
    this.#parameter(12);
    this.#int32(8);
    this.#int64(value);
  }

  text(value: string | undefined): void {
    if (value === undefined) return this.null();
    this.#parameter(0);
    this.#text(value);
  }

  jsonb(json: string | undefined): void {
    if (json === undefined) return this.null();
    this.#parameter(5 + json.length * 3);
    const length = this.#bytes.write(json, this.#at + 5);
    this.#int32(1 + length);
    this.#bytes[this.#at++] = JSONB_VERSION;
    this.#at += length;
  }

  int4s<T>(items: readonly T[], valueOf: (item: T, index: number) => number): void {
    const began = this.#beginArray(OID.int4, items.length);
    this.#need(8 * items.length);
    for (let i = 0; i < items.length; i++) {
      this.#int32(4);
      this.#int32(valueOf(items[i] as T, i));
    }
    this.#endArray(began);
  }

  int8s<T>(items: readonly T[], valueOf: (item: T) => bigint): void {
    const began = this.#beginArray(OID.int8, items.length);
    this.#need(12 * items.length);
    for (const item of items) {
      this.#int32(8);
      this.#int64(valueOf(item));
    }
    this.#endArray(began);
  }

  /** Undefined becomes null. */
  texts<T>(items: readonly T[], valueOf: (item: T, index: number) => string | undefined): void {
    const began = this.#beginArray(OID.text, items.length);
    for (let i = 0; i < items.length; i++) this.#text(valueOf(items[i] as T, i));
    this.#endArray(began);
  }

  /** Undefined becomes null. A string stands for bytes, one a character. */
  byteas<T>(
    items: readonly T[],
    valueOf: (item: T, index: number) => Buffer | string | undefined,
  ): void {
    const began = this.#beginArray(OID.bytea, items.length);
    for (let i = 0; i < items.length; i++) this.#bytea(valueOf(items[i] as T, i));
    this.#endArray(began);
  }

  #bytea(value: Buffer | string | undefined): void {
    const length = value?.length ?? 0;
    this.#need(4 + length);
    this.#int32(value === undefined ? -1 : length);
    if (typeof value === 'string') this.#bytes.write(value, this.#at, 'latin1');
    else if (value !== undefined) this.#bytes.set(value, this.#at);
    this.#at += length;
  }

  #text(value: string | undefined): void {
    if (value === undefined) {
      this.#need(4);
      this.#int32(-1);
      return;
    }
    this.#need(4 + value.length * 3);
    const length = this.#shortAscii(value, this.#at + 4)
      ? value.length
      : this.#bytes.write(value, this.#at + 4);
    this.#int32(length);
    this.#at += length;
  }

  #shortAscii(value: string, at: number): boolean {
    const bytes = this.#bytes;
    const { length } = value;
    if (length > SHORT_TEXT) return false;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + i] = code;
    }
    return true;
  }

  /** Dimensions, "may hold nulls", element type, then length and lower bound of the one dimension. */
  #beginArray(oid: number, length: number): number {
    this.#parameter(24);
    const began = this.#at;
    this.#at += 4;
    this.#int32(length === 0 ? 0 : 1);
    this.#int32(1);
    this.#int32(oid);
    if (length > 0) {
      this.#int32(length);
      this.#int32(1);
    }
    return began;
  }

  #endArray(began: number): void {
    this.#view.setInt32(began, this.#at - began - 4);
  }

  #parameter(bytes: number): void {
    this.#count += 1;
    this.#need(bytes);
  }

  #int16(value: number): void {
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
  }

  #int32(value: number): void {
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
  }

  #int64(value: bigint): void {
    this.#view.setBigInt64(this.#at, value);
    this.#at += 8;
  }

  #need(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#at + bytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView =>
  new DataView(buffer, byteOffset, length);
