import { stringify } from 'yaml';
import { GROUPS } from '../groups.js';
import type { TopicName } from '../messages.js';
import { provisionedTopics } from '../provisioning.js';
import { STOREFRONT_ORDERS } from '../topic-names.js';
import { type Topic, TOPICS } from '../topics.js';
import { publishedSchemas, schemaTitle } from './schemas.js';

type Json = Record<string, unknown>;

const text = (description: string, rest: Json = {}) => ({ type: 'string', description, ...rest });

const CALLER_HEADERS = {
  ce_specversion: { type: 'string', const: '1.0' },
  ce_id: text('Id of the message; a repeated id is a duplicate', { maxLength: 255 }),
  ce_type: text('Type of the message'),
  ce_source: text('Who sent it'),
  ce_time: text('When it was made', { format: 'date-time' }),
  ce_schemaversion: text('Version of the schema, 1 when left out', { pattern: '^[1-9][0-9]*$' }),
  'content-type': { type: 'string', const: 'application/json' },
  traceparent: text('W3C trace context'),
  correlationid: text('What the whole conversation is about'),
  causationid: text('Id of the message that led to this one'),
};

/** Headers of rows of our logs: every column of the row that isn't the payload. */
const LOG_HEADERS = {
  ce_subject: text('The stream: payment id, or statement id'),
  ce_streamversion: text('Number in the stream, from 1'),
  ce_lane: text('Lane of the sender’s log'),
  ce_position: text('Position in the lane'),
  ce_key: text('Unique key of the append in the sender’s log'),
  ce_digest: text('sha256 over the row, in hex', { pattern: '^[0-9a-f]{64}$' }),
};

const HEADERS = {
  CallerHeaders: {
    type: 'object',
    description: 'CloudEvents 1.0, Kafka binary binding.',
    properties: CALLER_HEADERS,
    required: ['ce_id', 'ce_type'],
  },
  LogHeaders: {
    type: 'object',
    description: 'CloudEvents 1.0, Kafka binary binding, and the columns of the log row.',
    properties: { ...CALLER_HEADERS, ...LOG_HEADERS },
    required: [
      'ce_specversion',
      'ce_id',
      'ce_type',
      'ce_source',
      'ce_time',
      'ce_schemaversion',
      ...Object.keys(LOG_HEADERS),
    ],
  },
};

/** The AsyncAPI 3.0 document of every topic. */
export function asyncapiDocument(): string {
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Paylog',
      version: '1.0.0',
      description: 'Every message of Paylog. Generated from libs/contracts; do not edit.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      ...Object.fromEntries(TOPICS.map((topic) => [topic.name, channel(topic)])),
      deadLetter,
    },
    operations: operations(),
    components: {
      messages: { ...Object.fromEntries(TOPICS.flatMap(messages)), deadLetter: deadLetterMessage },
      schemas: { ...HEADERS, ...Object.fromEntries(TOPICS.flatMap(schemas)) },
    },
  };
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 100 });
}

function channel(topic: Topic): Json {
  const provisioned = provisionedTopics().find(({ name }) => name === topic.name);
  const config = provisioned?.config ?? {};
  return {
    address: topic.name,
    description: `Holds ${topic.holds}. Owner: ${topic.owner}. Key: ${topic.key}.`,
    messages: Object.fromEntries(
      topic.messages.map((type) => [type, ref('messages', `${topic.name}.${type}`)]),
    ),
    bindings: {
      kafka: {
        topic: topic.name,
        partitions: topic.partitions,
        topicConfiguration: {
          'cleanup.policy': ['delete'],
          'retention.ms': Number(config['retention.ms']),
          'retention.bytes': Number(config['retention.bytes']),
          'max.message.bytes': Number(config['max.message.bytes']),
        },
        bindingVersion: '0.5.0',
      },
    },
  };
}

const deadLetter: Json = {
  address: '{topic}.{group}.dead-letter',
  description:
    'A copy of each message that a group parked. The row in the group’s database is the truth.',
  parameters: {
    topic: { description: 'The topic it was read from' },
    group: { description: 'The group that parked it' },
  },
  messages: { parked: ref('messages', 'deadLetter') },
};

const deadLetterMessage: Json = {
  title: 'A parked message',
  summary:
    'The bytes as they came, with the original headers, the error, the stage and the attempts.',
  payload: {},
};

function messages(topic: Topic): [string, Json][] {
  return topic.messages.map((type) => {
    const title = schemaTitle(topic.name, type);
    return [
      `${topic.name}.${type}`,
      {
        name: type,
        title: type,
        headers: ref('schemas', isFromCaller(topic) ? 'CallerHeaders' : 'LogHeaders'),
        payload: ref('schemas', `${topic.name}.${title}`),
      },
    ];
  });
}

function schemas({ name }: Topic): [string, Json][] {
  return publishedSchemas(name).map(({ title, schema }) => [`${name}.${title}`, schema as Json]);
}

function operations(): Json {
  const channelRef = (name: TopicName) => ({ $ref: `#/channels/${name}` });
  const sends = TOPICS.map(({ name, owner }) => [
    `${owner}.sends.${name}`,
    { action: 'send', channel: channelRef(name), summary: `${owner} writes ${name}` },
  ]);
  const receives = Object.values(GROUPS).flatMap(({ group, topics }) =>
    topics.map((name) => [
      `${group}.receives.${name}`,
      {
        action: 'receive',
        channel: channelRef(name),
        summary: `Consumer group ${group} reads ${name}`,
        bindings: { kafka: { groupId: { type: 'string', const: group }, bindingVersion: '0.5.0' } },
      },
    ]),
  );
  return Object.fromEntries([...sends, ...receives]) as Json;
}

function isFromCaller({ name, owner }: Topic): boolean {
  return name === STOREFRONT_ORDERS || owner === 'operators';
}

function ref(section: string, name: string): Json {
  return { $ref: `#/components/${section}/${name}` };
}
