import { crossing } from '@paylog/failpoints';
import type { Kafka } from 'kafkajs';
import { openCluster, type Cluster, type FetchedMessage } from './cluster.js';
import { KafkaFault, needsPerson, reasonOf } from './fault.js';
import { toConsumed, type ConsumedMessage } from './message.js';
import { pause } from './pause.js';

const atPartitionEnds = crossing('kafka.partition-ends');
const atFetch = crossing('kafka.fetch');

const FETCH_BYTES = 2 * 1024 * 1024;
const EMPTY_FETCHES_MAX = 20;
const END_MAY_LAG_MS = 3_000;

/**
 * Reads one partition from an offset to the end it has when the read starts, without a consumer group: nothing to
 * join, nothing to clean up. Offsets already deleted by retention are stepped over; an offset beyond the end is an
 * error, for then the topic has lost messages or was made anew.
 */
export async function* readPartition(
  kafka: Kafka,
  topic: string,
  partition: number,
  from: bigint,
): AsyncGenerator<ConsumedMessage[], void, undefined> {
  const { cluster, close } = await openCluster(kafka);
  try {
    const { low, high } = await boundsFor(cluster, topic, partition, from);
    let position = from < low ? low : from;
    let emptyFetches = 0;
    while (position < high) {
      const fetched = await fetchFrom(cluster, topic, partition, position);
      const messages = fetched.filter(({ offset }) => BigInt(offset) >= position);
      const last = messages.at(-1);
      if (last === undefined) {
        emptyFetches += 1;
        if (emptyFetches < EMPTY_FETCHES_MAX) continue;
        const why = `${topic}/${partition} gives nothing at offset ${position}, although it ends at ${high}`;
        throw new KafkaFault('partition_unreadable', 'read', true, why);
      }
      emptyFetches = 0;
      position = BigInt(last.offset) + 1n;
      const wanted = messages.filter((one) => !one.isControlRecord && BigInt(one.offset) < high);
      if (wanted.length > 0) yield wanted.map((one) => toConsumed(topic, partition, one));
    }
  } finally {
    await close();
  }
}

async function boundsFor(cluster: Cluster, topic: string, partition: number, from: bigint) {
  const deadline = Date.now() + END_MAY_LAG_MS;
  for (;;) {
    const bounds = await insist(cluster, async () => {
      await cluster.addTargetTopic(topic);
      const end = async (fromBeginning: boolean) => {
        const [found] = await atPartitionEnds(() =>
          cluster.fetchTopicsOffset([{ topic, fromBeginning, partitions: [{ partition }] }]),
        );
        const offset = found?.partitions[0]?.offset;
        if (offset !== undefined) return BigInt(offset);
        const why = `topic ${topic} has no partition ${partition}: provision it, or read another`;
        throw new KafkaFault('no_such_partition', 'read', false, why);
      };
      return { low: await end(true), high: await end(false) };
    });
    if (from <= bounds.high) return bounds;
    // A new leader's end can lag behind what was acknowledged, for a moment.
    if (Date.now() > deadline) {
      const why =
        `${topic}/${partition} ends at offset ${bounds.high}, before the expected ${from}: the topic ` +
        'lost messages or was made anew. Restore it, or republish from the log after a rebuild decision';
      throw new KafkaFault('offset_beyond_end', 'read', false, why);
    }
    await pause(300);
  }
}

function fetchFrom(
  cluster: Cluster,
  topic: string,
  partition: number,
  position: bigint,
): Promise<FetchedMessage[]> {
  return insist(cluster, async () => {
    const found = cluster
      .findTopicPartitionMetadata(topic)
      .find(({ partitionId }) => partitionId === partition);
    const broker = await cluster.findBroker({ nodeId: found?.leader ?? -1 });
    const { responses } = await atFetch(() =>
      broker.fetch({
        maxWaitTime: 500,
        minBytes: 1,
        maxBytes: FETCH_BYTES,
        isolationLevel: 0, // Our relays use no transactions.
        topics: [
          {
            topic,
            partitions: [{ partition, fetchOffset: position.toString(), maxBytes: FETCH_BYTES }],
          },
        ],
      }),
    );
    return responses.flatMap(({ partitions }) => partitions.flatMap(({ messages }) => messages));
  });
}

/** A moved leader or a lost connection is looked up again; what only a person can mend is thrown. */
async function insist<T>(cluster: Cluster, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof KafkaFault) throw error;
      if (needsPerson(error)) {
        const why = `Kafka refuses the read: ${reasonOf(error)}`;
        throw new KafkaFault('read_refused', 'read', false, why, { cause: error });
      }
      await pause(200);
      await reconnect(cluster, error);
    }
  }
}

async function reconnect(cluster: Cluster, error: unknown): Promise<void> {
  const { name, host, port } = error as { name?: string; host?: string; port?: number };
  if (name === 'KafkaJSConnectionClosedError' && host !== undefined && port !== undefined) {
    cluster.removeBroker({ host, port });
  }
  try {
    if (!cluster.isConnected()) await cluster.connect();
    await cluster.refreshMetadata();
  } catch {
    // The next attempt says what is wrong.
  }
}
