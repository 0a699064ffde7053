import { Partitioners, type Kafka, type Producer } from 'kafkajs';
import type { Pool } from 'pg';
import type { Contender } from './bench.js';

export interface Place {
  readonly pool: Pool;
  readonly kafka: Kafka;
  /** Eight partitions, empty. */
  readonly topic: string;
}

/** One that brings the rows of the log to a topic. */
export interface Publishing {
  readonly key: string;
  readonly role: Contender['role'];
  /** Before the clock: as many rows to publish as the log has. */
  prepare(place: Place): Promise<void>;
  /** Takes its own time, without connecting. Tells how much was acknowledged; of another thread also its round trips. */
  publish(place: Place): Promise<{ acked: number; seconds: number; roundTrips?: number }>;
}

/** A producer with the settings of ours: explicit partitions, no retries of its own. */
export async function connectedProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 0 },
  });
  await producer.connect();
  return producer;
}

/** Acknowledged by all replicas, as ours are. */
export const ACKS = { acks: -1, timeout: 5_000 } as const;
