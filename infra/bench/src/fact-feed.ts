import { GROUPS, PAYMENTS_INTENTS, toWireFact } from '@paylog/contracts';
import { openLanes, postgresLog, type EventLog } from '@paylog/event-sourcing';
import type { Fact } from '@paylog/payment-domain';
import type { Pool } from 'pg';
import { shipped } from './shipped.js';

/** A fact of a payment, on its way to payment-state. */
export interface Told {
  readonly paymentId: string;
  readonly fact: Fact;
}

/** A batch as a consumer hands it over: one partition's messages, from its next offset on. */
interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly Message[];
  readonly from: bigint;
  readonly to: bigint;
}

type Message = ReturnType<typeof messageOf>;

interface FactsIngest {
  take(batch: Batch): Promise<'committed' | 'fenced'>;
}

type FactsIngestClass = new (
  log: EventLog,
  group: string,
  logger: Record<'info' | 'warn' | 'error', () => void>,
) => FactsIngest;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** payment-state's own way from a batch of messages to the commit: decode, load, decide, append. No Kafka before it. */
export class FactFeed {
  readonly #ingest: FactsIngest;
  readonly #next = new Map<number, bigint>();

  private constructor(ingest: FactsIngest) {
    this.#ingest = ingest;
  }

  static async open(pool: Pool): Promise<FactFeed> {
    await openLanes(pool, 'payments');
    const log = await postgresLog(pool, 'payments', { answerTimeoutMs: 30_000 });
    const { FactsIngest } = await shipped<{ FactsIngest: FactsIngestClass }>(
      'payment-state',
      'ingest/facts-ingest.js',
    );
    return new FactFeed(new FactsIngest(log, GROUPS.paymentStateFacts.group, silent));
  }

  /** The batch of these facts, all of payments of one partition. Made apart, so that only `take` need be in the clock. */
  batch(partition: number, told: readonly Told[]): Batch {
    const from = this.#next.get(partition) ?? 0n;
    const to = from + BigInt(told.length);
    this.#next.set(partition, to);
    const messages = told.map((each, i) => messageOf(partition, from + BigInt(i), each));
    return { topic: PAYMENTS_INTENTS, partition, messages, from, to };
  }

  async take(batch: Batch): Promise<void> {
    const outcome = await this.#ingest.take(batch);
    if (outcome !== 'committed') throw new Error(`a batch of the bench was ${outcome}`);
  }
}

function messageOf(partition: number, offset: bigint, { paymentId, fact }: Told) {
  const type = fact.type === 'terms' ? 'IntentAccepted' : 'FactRecorded';
  return {
    topic: PAYMENTS_INTENTS,
    partition,
    offset,
    key: paymentId,
    value: Buffer.from(JSON.stringify({ paymentId, fact: toWireFact(fact) })),
    headers: { ce_id: fact.id, ce_type: type, ce_schemaversion: '1' } as Record<string, string>,
    timestamp: '1772366400000',
  };
}
