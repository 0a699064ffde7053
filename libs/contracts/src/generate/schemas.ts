import type { TSchema } from 'typebox';
import { isStrict } from '../codec.js';
import { messageNames, schemaOf, type TopicName } from '../messages.js';
import { PaymentEvent } from '../messages/payments-events.js';
import { opened } from '../validation.js';
import { currentVersion } from '../versions.js';

/** A schema as it is published; event types of one shape share it. */
export interface PublishedSchema {
  readonly topic: TopicName;
  readonly title: string;
  readonly version: number;
  readonly schema: TSchema;
}

/** Under which name the schema of a message is published. */
export function schemaTitle(topic: TopicName, type: string): string {
  return schemaOf(topic, type) === PaymentEvent ? 'PaymentEvent' : type;
}

/** What a reader may rely on: closed where unknown fields are refused, open elsewhere. */
export function publishedSchemas<T extends TopicName>(topic: T): readonly PublishedSchema[] {
  const published = new Map<string, PublishedSchema>();
  for (const type of messageNames(topic)) {
    const title = schemaTitle(topic, type);
    const schema = schemaOf(topic, type);
    if (!schema || published.has(title)) continue;
    published.set(title, {
      topic,
      title,
      version: currentVersion(topic, type),
      schema: isStrict(topic) ? plain(schema) : opened(schema),
    });
  }
  return [...published.values()];
}

/** The text of a schema's file. */
export function schemaFile({ topic, title, version, schema }: PublishedSchema): string {
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:paylog:${topic}:${title}:v${version}`,
    title,
  };
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`;
}

/** TypeBox keeps marks of its own on a schema, out of sight of JSON but not of other serializers. */
function plain(schema: TSchema): TSchema {
  return JSON.parse(JSON.stringify(schema)) as TSchema;
}
