import type { CallWriter } from './call-writer.js';
import { rowDigestText } from './digest.js';
import type { Append, LogRow, NewRow } from './log.js';

/** A row of an append. It refers to them: a copy for each row would cost more than all the rest. */
interface AppendedRow {
  readonly append: Append;
  /** From 1. */
  readonly appendNumber: number;
  /** In its append, from 0. */
  readonly number: number;
  readonly row: NewRow;
}

/** Rows turned into columns, as `unnest` takes them, in the order of `append.sql`. */
export function writeAppendedRows(out: CallWriter, appends: readonly Append[]): void {
  const appended: AppendedRow[] = [];
  for (const [i, append] of appends.entries()) {
    for (const [number, row] of append.rows.entries()) {
      appended.push({ append, appendNumber: i + 1, number, row });
    }
  }
  out.int4s(appended, ({ appendNumber }) => appendNumber);
  out.int4s(appended, ({ number }) => number);
  writeNewRows(
    out,
    appended.map(({ row }) => row),
  );
  out.byteas(appended, ({ append, number, row }) => {
    const { lane, stream, key, expectedVersion } = append;
    return rowDigestText({ lane, stream, key, version: expectedVersion + 1 + number }, row);
  });
}

/** The same of rows that have their places, in the order of `reimport.sql`. */
export function writePlacedRows(out: CallWriter, rows: readonly LogRow[]): void {
  out.int8s(rows, ({ position }) => position);
  out.texts(rows, ({ stream }) => stream);
  out.int4s(rows, ({ version }) => version);
  out.texts(rows, ({ key }) => key);
  writeNewRows(out, rows);
  out.byteas(rows, ({ digest }) => digest);
}

function writeNewRows(out: CallWriter, rows: readonly NewRow[]): void {
  out.texts(rows, ({ id }) => id);
  out.texts(rows, ({ type }) => type);
  out.int4s(rows, ({ schemaVersion }) => schemaVersion);
  out.texts(rows, ({ source }) => source);
  out.texts(rows, ({ time }) => time);
  out.texts(rows, ({ correlationId }) => correlationId);
  out.texts(rows, ({ causationId }) => causationId);
  out.texts(rows, ({ traceparent }) => traceparent);
  out.byteas(rows, ({ data }) => data);
}
