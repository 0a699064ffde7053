import type { CallWriter } from './call-writer.js';
import type { Append, LogRow, NewRow } from './log.js';

/** A row, and where it belongs. It refers to what it was given: a copy for each row would cost more than all the rest. */
export interface PlacedRow extends Pick<LogRow, 'lane' | 'stream' | 'version' | 'key'> {
  readonly row: NewRow;
}

/** A row of an append of a flush: the append's number from 1, and the row's number in it from 0. */
export interface AppendedRow extends PlacedRow {
  readonly append: number;
  readonly number: number;
}

export function appendedRows(appends: readonly Append[]): AppendedRow[] {
  const placed: AppendedRow[] = [];
  for (const [i, { lane, stream, key, expectedVersion, rows }] of appends.entries()) {
    for (const [number, row] of rows.entries()) {
      const version = expectedVersion + 1 + number;
      placed.push({ append: i + 1, number, lane, stream, version, key, row });
    }
  }
  return placed;
}

/** Rows turned into columns, as `unnest` takes them: from `stream` on, in the order of `append.sql` and `reimport.sql`. */
export function writeRows<Row extends PlacedRow>(
  out: CallWriter,
  rows: readonly Row[],
  digestOf: (row: Row) => Buffer | string,
): void {
  out.texts(rows, ({ stream }) => stream);
  out.int4s(rows, ({ version }) => version);
  out.texts(rows, ({ row }) => row.id);
  out.texts(rows, ({ row }) => row.type);
  out.int4s(rows, ({ row }) => row.schemaVersion);
  out.texts(rows, ({ row }) => row.source);
  out.texts(rows, ({ row }) => row.time);
  out.texts(rows, ({ row }) => row.correlationId);
  out.texts(rows, ({ row }) => row.causationId);
  out.texts(rows, ({ row }) => row.traceparent);
  out.texts(rows, ({ key }) => key);
  out.byteas(rows, ({ row }) => row.data);
  out.byteas(rows, digestOf);
}
