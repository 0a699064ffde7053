import {
  type Append,
  type AppendAnswer,
  type EventLog,
  FLUSH_APPENDS_MAX,
  FLUSH_BYTES_MAX,
  type FlushOptions,
} from '@paylog/event-sourcing';

/**
 * Any number of appends, in as many flushes as they need. What comes with them (offset, parked, settled, effects) goes
 * with the last flush; the offset is compared in every one of them, so a zombie writes nothing. Stops at the first flush
 * in which an append is neither appended nor a duplicate: there are no answers then for what comes after it, and nothing
 * of `options` has happened. Do as after any conflict: decide or park, and begin again.
 */
export async function appendInFlushes(
  log: Pick<EventLog, 'append'>,
  appends: readonly Append[],
  options: FlushOptions = {},
): Promise<AppendAnswer[]> {
  const flushes = inFlushes(appends);
  const answers: AppendAnswer[] = [];
  for (const flush of flushes) {
    const last = flush === flushes.at(-1);
    const given = await log.append(flush, last ? options : comparedOnly(options));
    answers.push(...given);
    if (!given.every(stands)) break;
  }
  return answers;
}

/** Whether an answer leaves nothing to do about its append. */
export const stands = ({ status }: AppendAnswer): boolean =>
  status === 'appended' || status === 'duplicate';

function comparedOnly({ input }: FlushOptions): FlushOptions {
  return input ? { input: { ...input, to: input.from } } : {};
}

function inFlushes(appends: readonly Append[]): Append[][] {
  const flushes: Append[][] = [];
  let open: Append[] = [];
  let bytes = 0;
  for (const append of appends) {
    const size = append.rows.reduce((sum, { data }) => sum + data.length, 0);
    if (open.length === FLUSH_APPENDS_MAX || (open.length > 0 && bytes + size > FLUSH_BYTES_MAX)) {
      flushes.push(open);
      [open, bytes] = [[], 0];
    }
    open.push(append);
    bytes += size;
  }
  return [...flushes, open];
}
