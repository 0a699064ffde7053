import type { FoldRow, ProjectionTable, TableRow } from '@paylog/event-sourcing';
import { fold } from '@paylog/payment-domain';
import { effectsOf } from '../payment/decide.js';
import { factsIn, factTextOf } from '../payment/payment-stream.js';

const COMPARED = ['storefront', 'order_id', 'attempt', 'label', 'final', 'state'] as const;

type Column = 'payment_id' | 'version' | (typeof COMPARED)[number] | 'updated_at';

/** Compared is what is known of a payment, never when or how often it was told. */
export const PAYMENTS_TABLE: ProjectionTable<Column> = {
  name: 'query.payments',
  key: 'payment_id',
  compared: COMPARED,
  columns: ['payment_id', 'version', ...COMPARED, 'updated_at'],
};

/** Facts are kept as the text they were stored in: of a million objects most of the time would go to collecting garbage. */
interface Gathered {
  readonly facts: string[];
  version: number;
  time: string;
}

/**
 * The read model's rows of a lane. Only facts are taken: the states that events carry are what is checked. Rows may
 * repeat: a fact counts once, the highest version stands.
 */
export async function* refold(
  batches: AsyncIterable<readonly FoldRow[]> | Iterable<readonly FoldRow[]>,
): AsyncGenerator<TableRow<Column>> {
  const streams = new Map<string, Gathered>();
  for await (const rows of batches) for (const row of rows) gather(streams, row);
  for (const [paymentId, { facts, version, time }] of streams) {
    const effects = effectsOf(paymentId, version, fold(factsIn(paymentId, facts)));
    const { paymentId: payment_id, orderId: order_id, ...same } = effects;
    yield { payment_id, order_id, ...same, updated_at: time };
  }
}

function gather(streams: Map<string, Gathered>, row: FoldRow): void {
  const fact = factTextOf(row);
  const known = streams.get(row.stream);
  if (!known) {
    streams.set(row.stream, { facts: [fact], version: row.version, time: row.time });
  } else {
    known.facts.push(fact);
    if (row.version > known.version) [known.version, known.time] = [row.version, row.time];
  }
}
