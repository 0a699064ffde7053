import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { rowDigest, type Append } from '@paylog/event-sourcing';
import { from as copyFrom } from 'pg-copy-streams';
import type { AppendWork } from '../append-work.js';
import type { Appender } from '../appender.js';
import { binaryCopy, int4, int8, text, type Field } from '../binary-rows.js';

const COLUMNS =
  'lane, position, stream, version, id, type, schema_version, source, time, correlation_id, ' +
  'causation_id, traceparent, key, data, digest';

/**
 * The limit: the same rows into the same table (columns, primary key, unique stream and version), by one binary COPY in
 * one transaction, its bytes made beforehand. No keys, no projection, no offset, no chain, no version check.
 */
export const copy = (work: AppendWork): Appender => {
  const chunks = [...binaryCopy(tuplesOf(work))];
  return {
    key: 'copy of the same rows',
    role: 'limit',
    paymentState: true,
    table: 'payments.rows',
    connections: 1,
    prepare: () => Promise.resolve(),
    async store(pool) {
      const client = await pool.connect();
      try {
        const stream = client.query(
          copyFrom(`copy payments.rows (${COLUMNS}) from stdin (format binary)`),
        );
        await pipeline(Readable.from(chunks), stream);
        return stream.rowCount;
      } finally {
        client.release();
      }
    },
  };
};

function* tuplesOf({ lanes }: AppendWork): Generator<readonly Field[]> {
  for (const batches of lanes) {
    let position = 0n;
    for (const append of batches.flatMap(({ appends }) => appends)) {
      yield tupleOf(append, position);
      position += 1n;
    }
  }
}

function tupleOf(append: Append, position: bigint): readonly Field[] {
  const { lane, stream, key, expectedVersion, rows } = append;
  const [row] = rows;
  if (!row) throw new Error('an append without a row');
  const version = expectedVersion + 1;
  const { id, type, schemaVersion, source, time, correlationId, causationId, traceparent, data } =
    row;
  const optional = (value: string | undefined) => (value === undefined ? undefined : text(value));
  return [
    int4(lane),
    int8(position),
    text(stream),
    int4(version),
    text(id),
    text(type),
    int4(schemaVersion),
    text(source),
    text(time),
    optional(correlationId),
    optional(causationId),
    optional(traceparent),
    text(key),
    data,
    rowDigest({ ...row, lane, stream, version, key }),
  ];
}
