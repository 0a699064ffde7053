import { rmSync } from 'node:fs';
import { PAYMENTS_EVENTS } from '@paylog/contracts';
import { createKafka, createPublisher } from '@paylog/kafka';
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
    const publisher = createPublisher(
      createKafka({ brokers: cluster.brokers, clientId: 'cluster-spec' }),
    );
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
});
