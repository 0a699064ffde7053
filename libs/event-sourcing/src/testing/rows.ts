import type { Append, Logger, NewRow } from '../log.js';

export function newRow(id: string, data = `{"id":${JSON.stringify(id)}}`): NewRow {
  return {
    id,
    type: 'CaptureSucceeded',
    schemaVersion: 1,
    source: 'tests',
    time: '2026-01-01T00:00:00.000Z',
    data: Buffer.from(data),
  };
}

/** An append of one row, with the key as the row's id. */
export function newAppend(
  key: string,
  stream: string,
  expectedVersion: number,
  more: Partial<Append> = {},
): Append {
  return { lane: 0, stream, expectedVersion, key, rows: [newRow(key)], ...more };
}

export const silent: Logger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
