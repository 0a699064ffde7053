import type { CallWriter } from './call-writer.js';
import { effectsJson } from './check-append.js';
import { contentDigest } from './digest.js';
import type { Append, AppendAnswer, FlushOptions, LogRow, NewParked } from './log.js';
import type { AnsweredRow } from './prepared-call.js';
import { writeAppendedRows, writePlacedRows } from './row-columns.js';

/** The parameters of `append()` in the order of `append.sql`. */
export function writeAppend(
  out: CallWriter,
  flushId: string,
  appends: readonly Append[],
  { input, parked, settle, effects }: FlushOptions,
): void {
  const lanes = [...new Set(appends.map(({ lane }) => lane))].sort((a, b) => a - b);
  const laneNumber = numbered(lanes);
  const streams = [...new Set(appends.map(({ stream }) => stream))];
  const streamNumber = numbered(streams);
  const first = firstWithKey(appends);
  out.uuid(flushId);
  out.text(input?.source);
  out.int4(input?.partition);
  out.int8(input?.from);
  out.int8(input?.to);
  out.int4s(lanes, same);
  out.texts(streams, same);
  const expected = expectedTogether(appends, first);
  if (expected) out.int4s(expected, same);
  else out.null();
  out.int4s(appends, ({ lane }) => laneNumber.get(lane) ?? 0);
  out.int4s(appends, ({ stream }) => streamNumber.get(stream) ?? 0);
  out.int4s(rowsBefore(appends), same);
  out.int4s(first, same);
  out.int4s(appends, ({ expectedVersion }) => expectedVersion);
  out.int4s(appends, ({ rows }) => rows.length);
  out.texts(appends, ({ key }) => key);
  out.byteas(appends, contentDigest);
  if (appends.every(({ attachment }) => attachment === undefined)) out.null();
  else out.byteas(appends, ({ attachment }) => attachment);
  writeEffects(out, appends);
  writeAppendedRows(out, appends);
  out.jsonb(parked?.length ? JSON.stringify(parked.map(parkedJson)) : undefined);
  out.jsonb(settle?.length ? JSON.stringify(settle) : undefined);
  out.jsonb(effects === undefined ? undefined : JSON.stringify(effects));
}

/** The parameters of `reimport()` in the order of `reimport.sql`. */
export function writeReimport(
  out: CallWriter,
  flushId: string,
  lane: number,
  rows: readonly LogRow[],
): void {
  out.uuid(flushId);
  out.int4(lane);
  writePlacedRows(out, rows);
}

/** What the database function answered, as text: arrays are `{1,2,3}`. */
export function toAnswers(count: number, raw: AnsweredRow): AppendAnswer[] {
  const statuses = raw[0] ?? '';
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
function expectedTogether(
  appends: readonly Append[],
  first: readonly number[],
): number[] | undefined {
  const expected: number[] = [];
  const reached = new Map<string, number>();
  for (const [i, { stream, expectedVersion, rows }] of appends.entries()) {
    if (first[i] !== i + 1) return undefined;
    const version = reached.get(stream);
    if (version === undefined) expected.push(expectedVersion);
    else if (version !== expectedVersion) return undefined;
    reached.set(stream, expectedVersion + rows.length);
  }
  return expected;
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
function writeEffects(out: CallWriter, appends: readonly Append[]): void {
  const projected = appends.map(projectedOf);
  if (projected.every((effects) => effects === undefined)) {
    out.null();
    out.null();
    return;
  }
  out.texts(projected, same);
  const supersedes = ({ effectsSupersede }: Append, i: number) =>
    effectsSupersede === true && projected[i] !== undefined;
  if (appends.some(supersedes)) out.int4s(appends, (append, i) => Number(supersedes(append, i)));
  else out.null();
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

const parkedJson = ({ offset, value, ...rest }: NewParked): unknown => ({
  ...rest,
  offset: String(offset),
  value: value?.toString('base64') ?? null,
});

function numbered<T>(values: readonly T[]): Map<T, number> {
  return new Map(values.map((value, i) => [value, i + 1]));
}

const same = <T>(value: T): T => value;

const elements = (array: string | null | undefined): string[] =>
  !array || array === '{}' ? [] : array.slice(1, -1).split(',');
