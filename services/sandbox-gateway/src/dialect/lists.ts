import type { Static } from 'typebox';
import { invalidParameter } from '../gateway/api-error.js';
import type { listParams, Range } from './params.js';

export type ListParams = Static<ReturnType<typeof listParams.Type>>;

interface Listed {
  readonly id: string;
  readonly created: number;
}

/** A page as the provider gives it: newest first, cursors by id. */
export function page<T extends Listed>(
  oldestFirst: readonly T[],
  params: ListParams,
  url: string,
  position: (item: T) => string = (item) => item.id,
): { object: 'list'; data: T[]; has_more: boolean; url: string } {
  const found = oldestFirst
    .filter((item) => params.created === undefined || within(item.created, params.created))
    .toReversed();
  const limit = Number(params.limit ?? '10');
  const start = startOf(found, params, limit, position);
  const data = found.slice(start, start + limit);
  return { object: 'list', data, has_more: start + limit < found.length, url };
}

function startOf<T>(
  found: readonly T[],
  params: ListParams,
  limit: number,
  position: (item: T) => string,
): number {
  const cursor = params.starting_after ?? params.ending_before;
  if (cursor === undefined) return 0;
  const at = found.findIndex((item) => position(item) === cursor);
  const after = params.starting_after !== undefined;
  if (at === -1) {
    throw invalidParameter(
      after ? 'starting_after' : 'ending_before',
      `No such object: '${cursor}'`,
      'resource_missing',
    );
  }
  return after ? at + 1 : Math.max(0, at - limit);
}

function within(created: number, range: Range): boolean {
  if (typeof range === 'string') return created === Number(range);
  const { gt, gte, lt, lte } = range;
  return (
    (gt === undefined || created > Number(gt)) &&
    (gte === undefined || created >= Number(gte)) &&
    (lt === undefined || created < Number(lt)) &&
    (lte === undefined || created <= Number(lte))
  );
}
