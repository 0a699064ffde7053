import {
  type AppendAnswer,
  type EventLog,
  type FlushOptions,
  LogFault,
} from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { appendInFlushes } from '@paylog/service';
import { adoptedInto } from './adoption.js';
import { type Accepted, decide, type ReportedFact } from './decide.js';
import type { Lift } from './parked-hold.js';
import { streamOf, type PaymentStream } from './payment-stream.js';

declareFailpoints([
  'payment-state.load.before',
  'payment-state.load.after',
  'payment-state.append.before',
  'payment-state.append.after',
]);

export type Recorded =
  | {
      readonly outcome: 'committed';
      readonly appended: readonly Accepted[];
      /** Contradict what the log holds under the same id, or can't be stored: park them. */
      readonly unstorable: readonly { readonly report: ReportedFact; readonly error: string }[];
    }
  | { readonly outcome: 'fenced' };

/** What comes with the facts, in the same commit. */
export interface RecordOptions extends Omit<FlushOptions, 'effects'> {
  /** Payments whose hold for parked messages ends. */
  readonly lifts?: readonly Lift[];
}

/** Another process wrote to a stream between our read and our append, this often in a row at most. */
const ATTEMPTS_MAX = 20;
const OTHER_CONTENT = 'the log holds another content under this fact id';

/**
 * Writes facts into the log, a batch in one commit together with whatever `options` hold (the input's offset, parked and
 * settled rows). While a fact is unstorable nothing of `options` happens: the caller parks it and records the batch
 * again, which finds the others as duplicates.
 */
export async function record(
  log: EventLog,
  reported: readonly ReportedFact[],
  options: RecordOptions,
): Promise<Recorded> {
  const { lifts = [], ...flush } = options;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const streams = await load(log, [...reported, ...lifts]);
    const { appends, accepted, contradicting, reliedOn } = decide(streams, reported, lifts);
    if (contradicting.length > 0) {
      const unstorable = contradicting.map((report) => ({ report, error: OTHER_CONTENT }));
      return { outcome: 'committed', appended: [], unstorable };
    }
    await failpoint('payment-state.append.before');
    const answers = await appendInFlushes(log, appends, {
      ...flush,
      // Looked at once more in the commit itself: see sql/project.sql.
      ...(reliedOn.length + lifts.length > 0 && { effects: { reliedOn, lifts } }),
    });
    await failpoint('payment-state.append.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return { outcome: 'fenced' };
    const unstorable = accepted.flatMap(({ report }, i) => {
      const error = whyUnstorable(answers[i]);
      return error === undefined ? [] : [{ report, error }];
    });
    // Looked at first: what follows an unstorable fact in its stream is a conflict for as long as that fact is there.
    const conflict = answers.some(({ status }) => status === 'version_conflict');
    if (unstorable.length === 0 && conflict) continue;
    const appended = accepted.filter((_, i) => answers[i]?.status === 'appended');
    return { outcome: 'committed', appended, unstorable };
  }
  // Nothing is wrong with the facts: it passes when the others have written theirs.
  const why = `${ATTEMPTS_MAX} appends in a row met another writer; is a second owner running?`;
  throw new LogFault('contention', true, why);
}

function whyUnstorable(answer: AppendAnswer | undefined): string | undefined {
  if (answer?.status === 'refused') return answer.reason;
  return answer?.status === 'same_key_other_content' ? OTHER_CONTENT : undefined;
}

async function load(
  log: EventLog,
  reported: readonly { readonly paymentId: string }[],
): Promise<Map<string, PaymentStream>> {
  const streams = await loadStreams(log, [...new Set(reported.map(({ paymentId }) => paymentId))]);
  const followed = [...streams].flatMap(([id, stream]) => adoptedInto(id, stream) ?? []);
  const more = [...new Set(followed)].filter((id) => !streams.has(id));
  if (more.length === 0) return streams; // As nearly always.
  return new Map([...streams, ...(await loadStreams(log, more))]);
}

/** Those that have events. */
export async function loadStreams(
  log: Pick<EventLog, 'readStreams'>,
  ids: readonly string[],
): Promise<Map<string, PaymentStream>> {
  await failpoint('payment-state.load.before');
  const rows = await log.readStreams(ids);
  await failpoint('payment-state.load.after');
  return new Map([...rows].map(([id, stream]) => [id, streamOf(stream)]));
}
