import type { AppendAnswer, EventLog, FlushOptions } from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import { decide, type ReportedFact } from './decide.js';
import { streamOf, type PaymentStream } from './payment-stream.js';

export type Recorded =
  | {
      readonly outcome: 'committed';
      readonly appended: readonly ReportedFact[];
      /** Contradict what the log holds under the same id, or can't be stored: park them. */
      readonly unstorable: readonly { readonly report: ReportedFact; readonly error: string }[];
    }
  | { readonly outcome: 'fenced' };

/** Another process wrote to a stream between our read and our append, this often in a row at most. */
const ATTEMPTS_MAX = 20;

/**
 * Writes facts into the log, a batch in one commit together with whatever `options` hold (the input's offset, parked and
 * settled rows). While a fact is unstorable the offset does not move: the caller parks it and records the batch again,
 * which finds the others as duplicates.
 */
export async function record(
  log: EventLog,
  reported: readonly ReportedFact[],
  options: FlushOptions,
): Promise<Recorded> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const streams = await load(log, reported);
    const decision = decide(streams, reported);
    if (decision.contradicting.length > 0) {
      const error = 'the log holds another content under this fact id';
      return committed(
        [],
        decision.contradicting.map((report) => ({ report, error })),
      );
    }
    await failpoint('payment-state.append.before');
    const answers = await log.append(decision.appends, options);
    await failpoint('payment-state.append.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return { outcome: 'fenced' };
    if (answers.some(({ status }) => status === 'version_conflict')) continue;
    return verdict(decision.accepted, answers);
  }
  throw new Error(
    `${ATTEMPTS_MAX} appends in a row met another writer; is a second owner running?`,
  );
}

function verdict(accepted: readonly ReportedFact[], answers: readonly AppendAnswer[]): Recorded {
  const appended: ReportedFact[] = [];
  const unstorable: { report: ReportedFact; error: string }[] = [];
  accepted.forEach((report, i) => {
    const answer = answers[i];
    if (answer?.status === 'appended') appended.push(report);
    if (answer?.status === 'refused') unstorable.push({ report, error: answer.reason });
    if (answer?.status === 'same_key_other_content') {
      unstorable.push({ report, error: 'the log holds another content under this fact id' });
    }
  });
  return committed(appended, unstorable);
}

function committed(
  appended: readonly ReportedFact[],
  unstorable: readonly { readonly report: ReportedFact; readonly error: string }[],
): Recorded {
  return { outcome: 'committed', appended, unstorable };
}

async function load(
  log: EventLog,
  reported: readonly ReportedFact[],
): Promise<Map<string, PaymentStream>> {
  const ids = [...new Set(reported.map(({ paymentId }) => paymentId))];
  await failpoint('payment-state.load.before');
  const rows = await log.readStreams(ids);
  await failpoint('payment-state.load.after');
  return new Map([...rows].map(([id, stream]) => [id, streamOf(stream)]));
}
