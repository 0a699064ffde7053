import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repository } from '@paylog/local';
import { type Append, FLUSH_APPENDS_MAX } from '@paylog/event-sourcing';
import type { Fact } from '@paylog/payment-domain';
import { idsOf } from './payment-histories.js';
import { TEN_FACTS } from './told-histories.js';

/** What payment-state makes of a batch of facts from one partition of a topic. */
export interface FactBatch {
  readonly lane: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly appends: readonly Append[];
}

/** The work that every contender does: the same events, in the order of the topic they came by. */
export interface AppendWork {
  readonly rows: number;
  /** Of each partition its batches, in order. */
  readonly lanes: readonly (readonly FactBatch[])[];
}

export const INPUT = 'payment-state.facts/payments.intents.v1';

/** A consumer's batch under load: what goes into one flush. */
const BATCH_FACTS = FLUSH_APPENDS_MAX;
/** Payments of one partition whose facts come in the same while: they lie mixed in the topic. */
const AT_THE_SAME_TIME = 64;

type Decide = (
  streams: ReadonlyMap<string, never>,
  reported: readonly { readonly paymentId: string; readonly fact: Fact }[],
) => { readonly appends: readonly Append[] };

/**
 * Ten facts each of many payments, decided by payment-state's own code: real events with the state after each, the real
 * keys, digests and effects on the read model. Made before the clock runs, for it is the same for everybody.
 */
export async function appendWork(rows: number): Promise<AppendWork> {
  const decide = await shippedDecide();
  const perPayment = TEN_FACTS[0]?.ids ?? 0;
  const byLane = new Map<number, Append[][]>();
  for (let number = 0; number * perPayment < rows; number++) {
    const ids = idsOf(number, perPayment);
    const facts = TEN_FACTS[number % TEN_FACTS.length]?.facts(ids) ?? [];
    const reported = facts.map((fact) => ({ paymentId: ids.payment, fact }));
    const { appends } = decide(new Map<string, never>(), reported);
    const [first] = appends;
    if (!first) continue;
    const lane = byLane.get(first.lane) ?? [];
    byLane.set(first.lane, lane);
    lane.push([...appends]);
  }
  const lanes = [...byLane].map(([lane, payments]) => batchesOf(lane, mixed(payments)));
  return { rows: sum(lanes.flat().map(({ appends }) => appends.length)), lanes };
}

/** Nothing imports a service: its built files are taken as they are shipped. */
async function shippedDecide(): Promise<Decide> {
  const file = join(repository, 'services', 'payment-state', 'dist', 'payment', 'decide.js');
  const { decide } = (await import(pathToFileURL(file).href)) as { decide: Decide };
  return decide;
}

/** Each payment's first append, then each one's second, and so on, a window of payments after the other. */
function mixed(payments: readonly (readonly Append[])[]): Append[] {
  const appends: Append[] = [];
  for (let start = 0; start < payments.length; start += AT_THE_SAME_TIME) {
    const window = payments.slice(start, start + AT_THE_SAME_TIME);
    for (let i = 0; window.some((payment) => payment[i]); i++) {
      for (const payment of window) if (payment[i]) appends.push(payment[i] as Append);
    }
  }
  return appends;
}

function batchesOf(lane: number, appends: readonly Append[]): FactBatch[] {
  const batches: FactBatch[] = [];
  for (let at = 0; at < appends.length; at += BATCH_FACTS) {
    const batch = appends.slice(at, at + BATCH_FACTS);
    const from = BigInt(at);
    batches.push({ lane, from, to: from + BigInt(batch.length), appends: batch });
  }
  return batches;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
