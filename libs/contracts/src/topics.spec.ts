import { GROUPS } from './groups.js';
import { provisionedTopics } from './provisioning.js';
import { OPERATIONS_COMMANDS, STOREFRONT_ORDERS } from './topic-names.js';
import { deadLetterTopic, TOPICS } from './topics.js';

const SERVICES = ['intent', 'webhook-ingest', 'payment-state', 'fulfillment', 'reconciliation'];

describe('the topic table', () => {
  it('says of each group’s service that it reads the topic, and of no other service', () => {
    for (const { name, readers } of TOPICS) {
      const inGroups = Object.values(GROUPS).filter(({ topics }) => topics.includes(name));
      const services = new Set(inGroups.map(({ service }) => service));
      expect([name, [...services].sort()]).toEqual([
        name,
        readers.filter((reader) => SERVICES.includes(reader)).sort(),
      ]);
    }
  });

  it('gives one partition count to all payment-keyed topics', () => {
    expect(new Set(TOPICS.map(({ partitions }) => partitions))).toEqual(new Set([8]));
  });

  it('keeps for ever what state is rebuilt from', () => {
    const forever = TOPICS.filter(({ policy }) => policy === 'forever');
    const configs = new Map(provisionedTopics().map(({ name, config }) => [name, config]));
    for (const { name } of forever) {
      expect(configs.get(name)).toMatchObject({
        'cleanup.policy': 'delete',
        'retention.ms': '-1',
        'retention.bytes': '-1',
      });
    }
    expect(configs.get(STOREFRONT_ORDERS)).toMatchObject({ 'retention.ms': '2592000000' });
  });

  it('has a dead-letter topic for each topic of each group, kept for 90 days', () => {
    const dead = deadLetterTopic(OPERATIONS_COMMANDS, GROUPS.intentOperations.group);
    expect(dead).toBe('operations.commands.v1.intent.operations.dead-letter');
    const topic = provisionedTopics().find(({ name }) => name === dead);
    expect(topic).toMatchObject({ partitions: 8, config: { 'retention.ms': '7776000000' } });
  });

  it('names every topic once, with names that Kafka takes', () => {
    const names = provisionedTopics().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9._-]{1,249}$/);
  });
});
