import type { Kafka, PartitionAssigner } from 'kafkajs';
import { PATIENT } from './client.js';

/*
 * kafkajs hands its inner cluster to the assigner factory of a consumer, and only there. What we need of it, for a
 * read without a group and for taking a dead member out of one, is typed here. Not public API: kafkajs is pinned.
 */

export interface FetchedMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer>;
  readonly timestamp: string;
  readonly isControlRecord: boolean;
}

interface FetchRequest {
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: 0 | 1;
  readonly topics: {
    topic: string;
    partitions: { partition: number; fetchOffset: string; maxBytes: number }[];
  }[];
}

export interface Broker {
  fetch(request: FetchRequest): Promise<{
    responses: { topicName: string; partitions: { messages: FetchedMessage[] }[] }[];
  }>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  heartbeat(request: object): Promise<unknown>;
  readonly nodeId: number;
  readonly connectionPool: { readonly host: string; readonly port: number };
}

export interface Cluster {
  connect(): Promise<void>;
  isConnected(): boolean;
  refreshMetadata(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findBroker(node: { nodeId: number }): Promise<Broker>;
  findGroupCoordinator(group: { groupId: string }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  removeBroker(address: { host: string; port: number }): void;
  fetchTopicsOffset(
    topics: { topic: string; fromBeginning: boolean; partitions: { partition: number }[] }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

/** A connection of its own that belongs to no group. */
export async function openCluster(
  kafka: Kafka,
): Promise<{ cluster: Cluster; close(): Promise<void> }> {
  let cluster: Cluster | undefined;
  const capture: PartitionAssigner = (given) => {
    cluster = given.cluster as unknown as Cluster;
    return {
      name: 'none',
      version: 0,
      assign: () => Promise.resolve([]),
      protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
    };
  };
  const consumer = kafka.consumer({
    groupId: 'none', // Never joined.
    partitionAssigners: [capture],
    allowAutoTopicCreation: false,
    readUncommitted: true,
    retry: PATIENT,
  });
  if (cluster === undefined) throw new Error('kafkajs did not hand out its cluster');
  await consumer.connect();
  return { cluster, close: () => consumer.disconnect() };
}
