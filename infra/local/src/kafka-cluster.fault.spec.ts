import { rmSync } from 'node:fs';
import { PAYMENTS_EVENTS } from '@paylog/contracts';
import { createKafka, createPublisher, GroupReader } from '@paylog/kafka';
import { waitFor } from './deadline.js';
import { askKafka } from './kafka-admin.js';
import { type NativeKafkaCluster, startNativeKafkaCluster } from './kafka-cluster.js';
import { newFolder } from './places.js';
import { provisionKafka } from './provision.js';

const folder = newFolder('cluster-spec');
let cluster: NativeKafkaCluster;

beforeAll(async () => {
  cluster = await startNativeKafkaCluster({ folder });
  await provisionKafka(cluster.brokers);
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const message = (text: string) => ({
  partition: 0,
  key: 'k',
  value: Buffer.from(text),
  headers: {},
});

describe('three brokers', () => {
  it('keep every partition three times', async () => {
    const { topics } = await askKafka(cluster.brokers, (admin) => admin.fetchTopicMetadata());
    expect(topics.length).toBeGreaterThan(10);
    const kept = topics.flatMap(({ partitions }) => partitions.map(({ replicas }) => replicas));
    expect(new Set(kept.map(({ length }) => length))).toEqual(new Set([3]));
  });

  it('lose nothing when a leader is killed, refuse writes when only one is left, and come back', async () => {
    const publisher = createPublisher(quiet('cluster-spec'));
    try {
      await publisher.publish(PAYMENTS_EVENTS, [message('before')]);
      const first = await cluster.leaderOf(PAYMENTS_EVENTS, 0);
      await first.kill();
      await publisher.publish(PAYMENTS_EVENTS, [message('with two')]);
      const second = await cluster.leaderOf(PAYMENTS_EVENTS, 0);
      expect(second.nodeId).not.toBe(first.nodeId);

      await second.kill();
      let answered = false;
      const third = publisher
        .publish(PAYMENTS_EVENTS, [message('with one')])
        .then(() => (answered = true));
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      expect(answered).toBe(false);

      await first.start();
      await third;
      await second.start();
      await cluster.inSync();
      const [{ high } = { high: '0' }] = await askKafka(cluster.brokers, (admin) =>
        admin.fetchTopicOffsets(PAYMENTS_EVENTS),
      );
      expect(Number(high)).toBeGreaterThanOrEqual(3);
    } finally {
      await publisher.close();
    }
  }, 120_000);

  it('are written to and read from while the leader, who is the group’s coordinator too, is frozen', async () => {
    const { nodeId, pid } = await cluster.leaderOf('payments.intents.v1', 0);
    const group = await groupAt(nodeId);
    const publisher = createPublisher(quiet('cluster-spec'));
    const read: string[] = [];
    let joined = 0;
    const offsets = new Map<number, bigint>();
    const reader = new GroupReader(
      {
        kafka: quiet('cluster-spec-reader'),
        group,
        instance: 'only',
        topics: ['payments.intents.v1'],
        offsets: { load: async (_source, partition) => offsets.get(partition) },
        onPoison: async () => 'committed',
        logger: { ...SILENT, info: (_fields, line) => (joined += Number(line === JOINED)) },
      },
      async ({ partition, messages, to }) => {
        offsets.set(partition, to);
        read.push(...messages.map(({ value }) => String(value)));
        return 'committed';
      },
    );
    const publish = (text: string) => publisher.publish('payments.intents.v1', [message(text)]);
    const untilRead = (text: string, deadlineMs: number) =>
      waitFor(`${text} to be read`, async () => read.includes(text) || undefined, { deadlineMs });
    reader.start();
    try {
      await publish('before');
      await untilRead('before', 20_000);
      process.kill(pid, 'SIGSTOP');
      try {
        await publish('meanwhile');
        await untilRead('meanwhile', 40_000);
        await waitFor('the group to be joined again', async () => joined > 1 || undefined);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    } finally {
      await reader.close();
      await publisher.close();
    }
  }, 120_000);
});

const JOINED = 'joined the group';
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const quiet = (clientId: string) =>
  createKafka({ brokers: cluster.brokers, clientId, logger: SILENT });

/** A group whose coordinator is this broker: it leads the partition that the group's name falls into. */
async function groupAt(nodeId: number): Promise<string> {
  // The first question makes the topic in which groups are kept.
  const ask = () =>
    askKafka(cluster.brokers, async (admin) => {
      await admin.listTopics(); // Only then are the brokers known.
      return admin.describeGroups(['any']);
    });
  await waitFor('groups to have a topic', async () => (await ask()).groups);
  for (let number = 1; ; number++) {
    const group = `cluster-spec-${number}`;
    const hash = Buffer.from(group).reduce((sum, each) => (sum * 31 + each) | 0, 0);
    const leader = await cluster.leaderOf('__consumer_offsets', Math.abs(hash) % 8);
    if (leader.nodeId === nodeId) return group;
  }
}
