import { rowDigest } from './digest.js';
import type { Append, LogRow } from './log.js';
import { byteaArray, int4Array, textArray } from './pg-arrays.js';

type Texts = (string | undefined)[];

/**
 * Rows turned into columns, as `unnest` takes them. Filled by pushes, because a copied object for
 * each row cost more than everything else on this path.
 */
export class RowColumns {
  readonly #append: number[] = [];
  readonly #number: number[] = [];
  readonly #lane: number[] = [];
  readonly #stream: Texts = [];
  readonly #version: number[] = [];
  readonly #id: Texts = [];
  readonly #type: Texts = [];
  readonly #schemaVersion: number[] = [];
  readonly #source: Texts = [];
  readonly #time: Texts = [];
  readonly #correlationId: Texts = [];
  readonly #causationId: Texts = [];
  readonly #traceparent: Texts = [];
  readonly #key: Texts = [];
  readonly #data: Buffer[] = [];
  readonly #digest: Buffer[] = [];

  static ofAppends(appends: readonly Append[]): RowColumns {
    const columns = new RowColumns();
    appends.forEach(({ lane, stream, key, expectedVersion, rows }, owner) => {
      rows.forEach((row, number) => {
        const version = expectedVersion + 1 + number;
        const { id, type, schemaVersion, source, time, data } = row;
        const { correlationId, causationId, traceparent } = row;
        const digest = rowDigest({
          lane,
          stream,
          version,
          id,
          type,
          schemaVersion,
          source,
          time,
          correlationId,
          causationId,
          traceparent,
          key,
          data,
        });
        columns.#append.push(owner + 1);
        columns.#number.push(number);
        columns.#push(lane, stream, version, key, row, digest);
      });
    });
    return columns;
  }

  static ofRows(rows: readonly LogRow[]): RowColumns {
    const columns = new RowColumns();
    for (const row of rows) {
      columns.#push(row.lane, row.stream, row.version, row.key, row, row.digest);
    }
    return columns;
  }

  /** Which append, which row of it, which lane: what is before `stream` in `append.sql`. */
  placement(): Buffer[] {
    return [int4Array(this.#append), int4Array(this.#number), int4Array(this.#lane)];
  }

  /** From `stream` on, in the order of `append.sql` and `reimport.sql`. */
  content(): Buffer[] {
    return [
      textArray(this.#stream),
      int4Array(this.#version),
      textArray(this.#id),
      textArray(this.#type),
      int4Array(this.#schemaVersion),
      textArray(this.#source),
      textArray(this.#time),
      textArray(this.#correlationId),
      textArray(this.#causationId),
      textArray(this.#traceparent),
      textArray(this.#key),
      byteaArray(this.#data),
      byteaArray(this.#digest),
    ];
  }

  #push(
    lane: number,
    stream: string,
    version: number,
    key: string,
    row: Append['rows'][number],
    digest: Buffer,
  ): void {
    this.#lane.push(lane);
    this.#stream.push(stream);
    this.#version.push(version);
    this.#id.push(row.id);
    this.#type.push(row.type);
    this.#schemaVersion.push(row.schemaVersion);
    this.#source.push(row.source);
    this.#time.push(row.time);
    this.#correlationId.push(row.correlationId);
    this.#causationId.push(row.causationId);
    this.#traceparent.push(row.traceparent);
    this.#key.push(key);
    this.#data.push(row.data);
    this.#digest.push(digest);
  }
}
