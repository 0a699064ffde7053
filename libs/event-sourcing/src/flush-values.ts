import { effectsJson } from './check-append.js';
import { contentDigest } from './digest.js';
import type { Append, AppendAnswer, FlushOptions, LogRow, NewParked } from './log.js';
import { byteaArray, int4Array, int8Array, textArray } from './pg-arrays.js';
import { RowColumns } from './row-columns.js';

/** The parameters of `append()` in the order of `append.sql`. */
export function appendValues(
  flushId: string,
  appends: readonly Append[],
  { input, parked, settle, effects }: FlushOptions,
): unknown[] {
  const lanes = [...new Set(appends.map(({ lane }) => lane))].sort((a, b) => a - b);
  const laneNumber = numbered(lanes);
  const streams = [...new Set(appends.map(({ stream }) => stream))];
  const streamNumber = numbered(streams);
  const rows = RowColumns.ofAppends(appends);
  const first = firstWithKey(appends);
  return [
    flushId,
    input?.source ?? null,
    input?.partition ?? null,
    input?.from ?? null,
    input?.to ?? null,
    int4Array(lanes),
    textArray(streams),
    expectedTogether(appends, first),
    int4Array(appends.map(({ lane }) => laneNumber.get(lane) ?? 0)),
    int4Array(appends.map(({ stream }) => streamNumber.get(stream) ?? 0)),
    int4Array(rowsBefore(appends)),
    int4Array(first),
    int4Array(appends.map(({ expectedVersion }) => expectedVersion)),
    int4Array(appends.map((append) => append.rows.length)),
    textArray(appends.map(({ key }) => key)),
    byteaArray(appends.map(contentDigest)),
    attachments(appends),
    ...effectsOf(appends),
    ...rows.placement(),
    ...rows.content(),
    parked?.length ? JSON.stringify(parked.map(parkedJson)) : null,
    settle?.length ? JSON.stringify(settle) : null,
    effects === undefined ? null : JSON.stringify(effects),
  ];
}

/** The parameters of `reimport()` in the order of `reimport.sql`. */
export function reimportValues(flushId: string, lane: number, rows: readonly LogRow[]): unknown[] {
  const positions = int8Array(rows.map(({ position }) => position));
  return [flushId, lane, positions, ...RowColumns.ofRows(rows).content()];
}

/** What the database function answered, as text: arrays are `{1,2,3}`. */
export type RawAnswer = [statuses: string, lanes: string, positions: string, versions: string];

export function toAnswers(count: number, raw: RawAnswer): AppendAnswer[] {
  const statuses = raw[0];
  const positions = elements(raw[2]);
  if (statuses === 'm') {
    const moved = { status: 'offset_moved', next: BigInt(positions[0] ?? 0) } as const;
    return Array.from({ length: Math.max(count, 1) }, () => moved);
  }
  const lanes = elements(raw[1]);
  const versions = elements(raw[3]);
  return Array.from({ length: count }, (_, i) => {
    const at = { lane: Number(lanes[i]), position: BigInt(positions[i] ?? 0) };
    const version = Number(versions[i]);
    switch (statuses[i]) {
      case '0':
        return { status: 'appended', ...at, version };
      case '1':
        return { status: 'duplicate', ...at };
      case '2':
        return { status: 'same_key_other_content' };
      case '3':
        return { status: 'version_conflict', version };
      default:
        throw new Error(`append() answered ${statuses.length} statuses to ${count} appends`);
    }
  });
}

/** For each append the number, from 1, of the first append in this flush with the same key. */
function firstWithKey(appends: readonly Append[]): number[] {
  const first = new Map<string, number>();
  return appends.map(({ key }, i) => {
    const seen = first.get(key);
    if (seen === undefined) first.set(key, i + 1);
    return seen ?? i + 1;
  });
}

/**
 * The version that each stream must be at for all appends to be accepted together: none is there twice, and each
 * expects what the one before it leaves. Null when they must be looked at one by one.
 */
function expectedTogether(appends: readonly Append[], first: readonly number[]): Buffer | null {
  const expected: number[] = [];
  const reached = new Map<string, number>();
  for (const [i, { stream, expectedVersion, rows }] of appends.entries()) {
    if (first[i] !== i + 1) return null;
    const version = reached.get(stream);
    if (version === undefined) expected.push(expectedVersion);
    else if (version !== expectedVersion) return null;
    reached.set(stream, expectedVersion + rows.length);
  }
  return int4Array(expected);
}

/** For each append, how many rows of this flush are before it in its lane. */
function rowsBefore(appends: readonly Append[]): number[] {
  const reached = new Map<number, number>();
  return appends.map(({ lane, rows }) => {
    const before = reached.get(lane) ?? 0;
    reached.set(lane, before + rows.length);
    return before;
  });
}

/** What `project()` gets of each append, but its position, and whether it supersedes: see `append.sql`. */
function effectsOf(appends: readonly Append[]): (Buffer | null)[] {
  const projected = appends.map(projectedOf);
  if (projected.every((effects) => effects === undefined)) return [null, null];
  const superseding = appends.map(({ effectsSupersede }, i) =>
    effectsSupersede === true && projected[i] !== undefined ? 1 : 0,
  );
  return [textArray(projected), superseding.includes(1) ? int4Array(superseding) : null];
}

function projectedOf(append: Append): string | undefined {
  const effects = effectsJson(append);
  if (effects === undefined) return undefined;
  const { lane, stream, key, expectedVersion, rows } = append;
  return (
    `"lane":${lane},"stream":${JSON.stringify(stream)},"version":${expectedVersion + rows.length},` +
    `"key":${JSON.stringify(key)},"effects":${effects}`
  );
}

function attachments(appends: readonly Append[]): Buffer | null {
  if (appends.every(({ attachment }) => attachment === undefined)) return null;
  return byteaArray(appends.map(({ attachment }) => attachment));
}

const parkedJson = ({ offset, value, ...rest }: NewParked): unknown => ({
  ...rest,
  offset: String(offset),
  value: value?.toString('base64') ?? null,
});

function numbered<T>(values: readonly T[]): Map<T, number> {
  return new Map(values.map((value, i) => [value, i + 1]));
}

const elements = (array: string | null): string[] =>
  !array || array === '{}' ? [] : array.slice(1, -1).split(',');
