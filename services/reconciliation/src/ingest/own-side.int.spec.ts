import { sourceOf, createKafka, createPublisher, provisionTopics } from '@paylog/kafka';
import { memoryLog } from '@paylog/event-sourcing';
import { eventually, testKafkaBrokers, uniqueName } from '@paylog/testing';
import { OwnReader } from './own-side.js';

const GROUP = 'reconciliation.payments';

describe('how far our own reader is', () => {
  const topic = uniqueName('payments.events');
  const kafka = createKafka({ brokers: testKafkaBrokers(), clientId: 'own-side-spec' });
  const publisher = createPublisher(kafka);
  const log = memoryLog({ schema: 'ledger', lanes: 8 });
  const reader = new OwnReader(kafka, log, GROUP, topic);

  beforeAll(() => provisionTopics(kafka, [{ name: topic, partitions: 8, config: {} }]));
  afterAll(async () => {
    await reader.close();
    await publisher.close();
  });

  it('has read everything of an empty topic', async () => {
    // A topic this young may have no leader yet: an error, which leaves it open whether we have caught up.
    const mark = await eventually('the ends of the topic', () => reader.mark());
    expect(await reader.reached(mark)).toBe(true);
  });

  it('has caught up when every partition is committed to where it ended at the mark', async () => {
    const message = { partition: 3, key: 'k', value: Buffer.from('{}'), headers: {} };
    await publisher.publish(topic, [message, message]);
    const mark = await reader.mark();
    expect(await reader.reached(mark)).toBe(false);
    const source = sourceOf(GROUP, topic);
    await log.append([], { input: { source, partition: 3, from: 0n, to: 1n } });
    expect(await reader.reached(mark)).toBe(false);
    await log.append([], { input: { source, partition: 3, from: 1n, to: 2n } });
    expect(await reader.reached(mark)).toBe(true);
    await publisher.publish(topic, [message]);
    expect(await reader.reached(mark)).toBe(true);
    expect(await reader.reached(await reader.mark())).toBe(false);
  });
});
