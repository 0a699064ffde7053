import type { PoolClient } from 'pg';
import { CopyOut } from './copy-out.js';
import type { LogRow } from './log.js';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/** What a fold looks at: no digests, no traces. */
export type FoldRow = Pick<
  LogRow,
  'position' | 'stream' | 'version' | 'id' | 'type' | 'schemaVersion' | 'time' | 'data'
>;

const FOLDED_COLUMNS = 'position, stream, version, id, type, schema_version, time, data';
const ALL_COLUMNS = `${FOLDED_COLUMNS}, lane, source, correlation_id, causation_id, traceparent, key, digest`;

/**
 * What a fold looks at of the rows under `condition` (SQL of our own, never text from outside: COPY takes no parameters),
 * by lane and position. `data` is a view of what was read: copy it to keep it.
 */
export function copyFolded(
  client: PoolClient,
  schema: string,
  condition: string,
): AsyncGenerator<FoldRow[]> {
  return copied(
    client,
    copyText(FOLDED_COLUMNS, schema, condition),
    (tuple) => new FoldedRow(tuple),
  );
}

/** Whole rows, otherwise like `copyFolded`. */
export function copyRows(
  client: PoolClient,
  schema: string,
  condition: string,
): AsyncGenerator<LogRow[]> {
  return copied(client, copyText(ALL_COLUMNS, schema, condition), wholeRow);
}

const copyText = (columns: string, schema: string, condition: string): string =>
  `copy (select ${columns} from ${schema}.rows where ${condition} order by lane, position)
   to stdout (format binary)`;

async function* copied<Row>(
  client: PoolClient,
  text: string,
  read: (tuple: Tuple) => Row,
): AsyncGenerator<Row[]> {
  let rows: Row[] = [];
  const tuple = new Tuple();
  const copy = client.query(
    new CopyOut(text, (bytes, from, to) => {
      if (tuple.open(bytes, from, to)) rows.push(read(tuple));
    }),
  );
  while (await copy.next()) {
    const batch = rows;
    rows = []; // More may come while the batch is read.
    if (batch.length > 0) yield batch;
  }
}

/** Reads what few folds ask for only when it is asked for: a text a row, a million times, is a tenth of a rebuild. */
class FoldedRow implements FoldRow {
  readonly stream: string;
  readonly version: number;
  readonly schemaVersion: number;
  readonly data: Buffer;
  readonly #bytes: Buffer;
  readonly #position: number;
  readonly #id: number;
  readonly #type: number;
  readonly #time: number;

  constructor(tuple: Tuple) {
    this.#bytes = tuple.source;
    this.#position = tuple.skip();
    this.stream = tuple.text();
    this.version = tuple.int4();
    this.#id = tuple.skip();
    this.#type = tuple.skip();
    this.schemaVersion = tuple.int4();
    this.#time = tuple.skip();
    this.data = tuple.bytes();
  }

  get position(): bigint {
    return this.#bytes.readBigInt64BE(this.#position + 4);
  }

  get id(): string {
    return textAt(this.#bytes, this.#id);
  }

  get type(): string {
    return textAt(this.#bytes, this.#type);
  }

  get time(): string {
    return textAt(this.#bytes, this.#time);
  }
}

function textAt(bytes: Buffer, at: number): string {
  const from = at + 4;
  return bytes.toString('utf8', from, from + bytes.readInt32BE(at));
}

function wholeRow(tuple: Tuple): LogRow {
  const row: LogRow = {
    position: tuple.int8(),
    stream: tuple.text(),
    version: tuple.int4(),
    id: tuple.text(),
    type: tuple.text(),
    schemaVersion: tuple.int4(),
    time: tuple.text(),
    data: tuple.bytes(),
    lane: tuple.int4(),
    source: tuple.text(),
    key: '',
    digest: Buffer.alloc(0),
  };
  const correlationId = tuple.optional();
  const causationId = tuple.optional();
  const traceparent = tuple.optional();
  if (correlationId !== undefined) row.correlationId = correlationId;
  if (causationId !== undefined) row.causationId = causationId;
  if (traceparent !== undefined) row.traceparent = traceparent;
  row.key = tuple.text();
  row.digest = tuple.bytes();
  return row;
}

/** One row's fields, one after the other: a count, then for each its length (-1: null) and its bytes. */
class Tuple {
  #bytes: Buffer = SIGNATURE;
  #at = 0;

  /** False for the trailer, whose count is -1. The first message may begin with the file's header. */
  open(bytes: Buffer, from: number, to: number): boolean {
    let at = from;
    if (bytes[at] === SIGNATURE[0]) {
      // A tuple begins with a small count.
      at += SIGNATURE.length + 4;
      at += 4 + bytes.readInt32BE(at);
    }
    if (at + 2 > to || bytes.readInt16BE(at) < 0) return false;
    this.#bytes = bytes;
    this.#at = at + 2;
    return true;
  }

  int4(): number {
    this.#at += 8;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  int8(): bigint {
    this.#at += 12;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  /** Where all fields of the row are. */
  get source(): Buffer {
    return this.#bytes;
  }

  /** Answers where the field that is left out begins, its length first. */
  skip(): number {
    const at = this.#at;
    this.#at += 4 + this.#bytes.readInt32BE(at);
    return at;
  }

  text(): string {
    return textAt(this.#bytes, this.skip());
  }

  optional(): string | undefined {
    if (this.#bytes.readInt32BE(this.#at) >= 0) return this.text();
    this.#at += 4;
    return undefined;
  }

  bytes(): Buffer {
    const from = this.#at + 4;
    this.#at = from + this.#bytes.readInt32BE(this.#at);
    return this.#bytes.subarray(from, this.#at);
  }
}
