import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { KafkaFault, reasonOf } from './fault.js';
import { pause } from './pause.js';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Topic settings by Kafka's names, e.g. `retention.ms`. */
  readonly config: Readonly<Record<string, string>>;
  /** Default: the broker's. */
  readonly replicationFactor?: number;
}

const VISIBLE_WITHIN_MS = 15_000;

/**
 * Creates the missing topics and sets the settings of existing ones. Safe to run twice and by several at once.
 * An existing topic with another partition count is an error: keys would land elsewhere, so a new count is a new
 * topic version.
 */
export async function provisionTopics(kafka: Kafka, topics: readonly TopicSpec[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter(({ name }) => !existing.has(name));
    if (missing.length > 0) await create(admin, missing);
    await untilVisible(admin, topics);
    await alignConfigs(
      admin,
      topics.filter(({ name }) => existing.has(name)),
    );
  } finally {
    await admin.disconnect();
  }
}

async function create(admin: Admin, missing: readonly TopicSpec[]): Promise<void> {
  try {
    await admin.createTopics({
      waitForLeaders: false, // Looked at afterwards, for new and old topics alike.
      topics: missing.map(({ name, partitions, config, replicationFactor = -1 }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configEntries: entriesOf(config),
      })),
    });
  } catch (error) {
    const { errors = [] } = error as { errors?: (Error & { type?: string; topic?: string })[] };
    const refused = errors.filter(({ type }) => type !== 'TOPIC_ALREADY_EXISTS');
    if (errors.length > 0 && refused.length === 0) return; // Another provisioner was faster.
    const why = refused.map((one) => `${one.topic}: ${one.message}`).join('; ') || reasonOf(error);
    throw new KafkaFault('topics_not_created', 'provision', false, `topics not created: ${why}`, {
      cause: error,
    });
  }
}

/** A created topic takes a moment to reach every broker's metadata; its partitions then need leaders. */
async function untilVisible(admin: Admin, topics: readonly TopicSpec[]): Promise<void> {
  const deadline = Date.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    const problem = await whatIsWrong(admin, topics);
    if (problem === undefined) return;
    if (Date.now() > deadline || !problem.mayPass) {
      throw new KafkaFault('topic_unusable', 'provision', problem.mayPass, problem.text);
    }
    await pause(100);
  }
}

async function whatIsWrong(
  admin: Admin,
  topics: readonly TopicSpec[],
): Promise<{ text: string; mayPass: boolean } | undefined> {
  const names = topics.map(({ name }) => name);
  const found = await admin.fetchTopicMetadata({ topics: names }).catch((error: unknown) => error);
  if (found instanceof Error) return { text: reasonOf(found), mayPass: true };
  const { topics: described } = found as Awaited<ReturnType<Admin['fetchTopicMetadata']>>;
  const byName = new Map(described.map((topic) => [topic.name, topic.partitions]));
  for (const { name, partitions } of topics) {
    const actual = byName.get(name) ?? [];
    if (actual.length !== partitions && actual.length > 0) {
      const text =
        `topic ${name} has ${actual.length} partitions, ${partitions} are expected: ` +
        'keys would move. Give the topic a new version, or mend the topic table';
      return { text, mayPass: false };
    }
    if (actual.length === 0 || actual.some(({ leader }) => leader < 0)) {
      return { text: `topic ${name} has no leader for some partition`, mayPass: true };
    }
  }
  return undefined;
}

async function alignConfigs(admin: Admin, topics: readonly TopicSpec[]): Promise<void> {
  const configured = topics.filter(({ config }) => Object.keys(config).length > 0);
  if (configured.length === 0) return;
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: configured.map(({ name, config }) => ({
      type,
      name,
      configNames: Object.keys(config),
    })),
  });
  const actual = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
  const stale = configured.filter(({ name, config }) =>
    Object.entries(config).some(([key, value]) => actual.get(name)?.get(key) !== value),
  );
  if (stale.length === 0) return;
  await admin.alterConfigs({
    validateOnly: false,
    resources: stale.map(({ name, config }) => ({ type, name, configEntries: entriesOf(config) })),
  });
}

const entriesOf = (config: Readonly<Record<string, string>>) =>
  Object.entries(config).map(([name, value]) => ({ name, value }));
