import { join } from 'node:path';
import type { Child } from './child.js';
import { waitFor } from './deadline.js';
import { askKafka } from './kafka-admin.js';
import { kafkaJars } from './kafka-jars.js';
import type { RunningKafka } from './kafka.js';
import {
  type Broker,
  clusterIdIn,
  launchBroker,
  missingForNative,
  newClusterId,
  portWasTaken,
  prepareBroker,
  replicated,
  type Settings,
} from './native-broker.js';
import { freePort } from './ports.js';

/** One broker of a cluster of ours, which a test may kill or freeze. */
export interface ClusterBroker {
  readonly nodeId: number;
  /** host:port for clients; kept over its lives. */
  readonly address: string;
  readonly pid: number;
  running(): boolean;
  /** Kill -9. */
  kill(): Promise<void>;
  /** In good order: it hands its leaderships over first. */
  stop(): Promise<void>;
  /** Starts it again on the same port and data, and waits until the cluster counts it in. */
  start(): Promise<void>;
}

export interface NativeKafkaCluster extends RunningKafka {
  readonly nodes: readonly ClusterBroker[];
  /** The broker that leads a partition now. Waits while there is none. */
  leaderOf(topic: string, partition: number): Promise<ClusterBroker>;
  /** Waits until every partition has all its replicas in sync: only then another broker may go. */
  inSync(deadlineMs?: number): Promise<void>;
}

export interface ClusterOptions {
  readonly folder: string;
  /** Default 3: with fewer, killing one of them is an outage. */
  readonly brokers?: number;
}

/** Three of them share a small machine. */
const HEAP = '256m';
const ADDRESSES_TRIED = 3;
const COUNTED_IN_WITHIN_MS = 60_000;

/**
 * Brokers that are controllers too, on this machine's Java. Everything is kept on all of them, at most three times, and
 * a write needs all copies but one: any one broker may die, and nothing that was acknowledged is lost.
 */
export async function startNativeKafkaCluster({
  folder,
  brokers: count = 3,
}: ClusterOptions): Promise<NativeKafkaCluster> {
  const missing = missingForNative();
  if (missing !== undefined) throw new Error(`No native Kafka: ${missing}`);
  const jars = kafkaJars();
  for (let attempt = 1; ; attempt++) {
    const brokers = await prepared(folder, count, jars);
    const starting = await Promise.allSettled(brokers.map(launchBroker));
    const failed = starting.find((one) => one.status === 'rejected');
    const children = starting.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    if (failed === undefined) return await counted(clusterOf(brokers, children), count);
    await Promise.all(children.map((child) => child.kill()));
    if (attempt >= ADDRESSES_TRIED || !portWasTaken(failed.reason)) throw failed.reason;
  }
}

async function prepared(folder: string, count: number, jars: string): Promise<Broker[]> {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const ports = await Promise.all(ids.map(async (id) => [id, await freePort()] as const));
  const quorum = new Map(ports.map(([id, port]) => [id, `127.0.0.1:${port}`]));
  const clusterId = clusterIdIn(join(folder, nameOf(1))) ?? newClusterId();
  const settings = settingsFor(count);
  return Promise.all(
    ids.map(async (nodeId) => {
      const address = `127.0.0.1:${await freePort()}`;
      const name = nameOf(nodeId);
      return prepareBroker({
        ...{ folder, name, jars, nodeId, address, quorum, clusterId, settings },
        heap: HEAP,
      });
    }),
  );
}

const nameOf = (nodeId: number) => `kafka-${nodeId}`;

function settingsFor(count: number): Settings {
  const factor = Math.min(count, 3);
  const minInSync = Math.max(1, factor - 1);
  return {
    ...replicated(factor, minInSync),
    'default.replication.factor': factor,
    'min.insync.replicas': minInSync,
    'unclean.leader.election.enable': false,
    // Longer than for one alone: on a busy machine a healthy broker must not be taken for a dead one.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
  };
}

function clusterOf(brokers: readonly Broker[], children: Child[]): NativeKafkaCluster {
  const addresses = brokers.map(({ address }) => address);
  const nodes = brokers.map((broker, index): ClusterBroker => {
    const child = () => children[index] as Child;
    return {
      nodeId: index + 1,
      address: broker.address,
      get pid() {
        return child().pid;
      },
      running: () => child().running(),
      kill: async () => void (await child().kill()),
      stop: async () => void (await child().stop()),
      start: async () => {
        children[index] = await launchBroker(broker);
        await countedIn(nodes, index + 1);
      },
    };
  });
  return {
    brokers: addresses,
    source: 'native',
    nodes,
    leaderOf: (topic, partition) => leaderOf(nodes, topic, partition),
    inSync: (deadlineMs) => inSync(nodes, deadlineMs),
    // At once: a last one, stopped alone, would wait in vain for a controller to sign off with.
    stop: async () => void (await Promise.all(children.map((child) => child.stop(3_000)))),
  };
}

async function counted(cluster: NativeKafkaCluster, count: number): Promise<NativeKafkaCluster> {
  try {
    for (let nodeId = 1; nodeId <= count; nodeId++) await countedIn(cluster.nodes, nodeId);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A broker that answers may still be fenced: nothing is kept on it before the controller counts it in. */
async function countedIn(nodes: readonly ClusterBroker[], nodeId: number): Promise<void> {
  await waitFor(
    `broker ${nodeId} to be one of the cluster`,
    async () => {
      const cluster = await askKafka(alive(nodes), (admin) => admin.describeCluster());
      return cluster.brokers.some((one) => one.nodeId === nodeId) || undefined;
    },
    { deadlineMs: COUNTED_IN_WITHIN_MS, everyMs: 150 },
  );
}

/** Asks those that run: a dead one's address would only cost time. */
const alive = (nodes: readonly ClusterBroker[]) =>
  nodes.filter((node) => node.running()).map(({ address }) => address);

function leaderOf(
  nodes: readonly ClusterBroker[],
  topic: string,
  partition: number,
): Promise<ClusterBroker> {
  return waitFor(`a leader of ${topic}/${partition}`, async () => {
    const { topics } = await askKafka(alive(nodes), (admin) =>
      admin.fetchTopicMetadata({ topics: [topic] }),
    );
    const found = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition);
    return nodes.find(({ nodeId }) => nodeId === found?.leader);
  });
}

async function inSync(nodes: readonly ClusterBroker[], deadlineMs = 60_000): Promise<void> {
  await waitFor(
    'all replicas to be in sync',
    async () => {
      const { topics } = await askKafka(alive(nodes), (admin) => admin.fetchTopicMetadata());
      const behind = topics.flatMap(({ partitions }) =>
        partitions.filter(({ isr, replicas }) => isr.length < replicas.length),
      );
      return behind.length === 0 || undefined;
    },
    { deadlineMs, everyMs: 500 },
  );
}
