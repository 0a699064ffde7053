import { looksLikeCardNumber } from './card-number.js';
import { findFlaw, type Flaw, MESSAGE_BYTES_MAX, canonical, parseJson } from './json.js';
import { type MessageData, type MessageName, schemaOf, type TopicName } from './messages.js';
import { OPERATIONS_COMMANDS, STOREFRONT_ORDERS } from './topic-names.js';
import { check } from './validation.js';
import { older, toPresent } from './versions.js';

/** A decoded message, or where and why it isn't one. `path` is a JSON pointer such as `/amount/currency`. */
export type Decoded<Data> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly path: string; readonly error: string };

/** A decoded message of a topic: `type` tells what `data` is. */
export type DecodedMessage<T extends TopicName> =
  | {
      [M in MessageName<T>]: {
        readonly ok: true;
        readonly type: M;
        readonly data: MessageData<T, M>;
      };
    }[MessageName<T>]
  | { readonly ok: false; readonly path: string; readonly error: string };

/** Written by people and by other companies: a misspelt field there is an error, not a newer version. */
const STRICT_TOPICS: ReadonlySet<TopicName> = new Set([STOREFRONT_ORDERS, OPERATIONS_COMMANDS]);

/** Whether a topic's readers refuse fields they don't know. */
export function isStrict(topic: TopicName): boolean {
  return STRICT_TOPICS.has(topic);
}

/** We were about to write what our own contract forbids: a bug of the sender, which no retry mends. */
export class InvalidMessage extends Error {
  readonly code = 'invalid_message';
  readonly transient = false;
  readonly path: string;

  constructor(topic: string, type: string, flaw: Flaw) {
    super(
      `${type} for ${topic} is not sent: ${flaw.path || 'the message'} ${flaw.error}; mend the code that built it`,
    );
    this.name = 'InvalidMessage';
    this.path = flaw.path;
  }
}

/**
 * Checks and reads the value of a message. Never throws, whatever the bytes. `version` is `ce_schemaversion`, 1
 * where the header is left out; older versions are brought up to the present one.
 */
export function decode<T extends TopicName, M extends MessageName<T>>(
  topic: T,
  type: M,
  value: Uint8Array | null,
  version?: number,
): Decoded<MessageData<T, M>>;
export function decode(
  topic: TopicName,
  type: string,
  value: Uint8Array | null,
  version = 1,
): Decoded<unknown> {
  const schema = schemaOf(topic, type);
  if (!schema) return broken({ path: '', error: `has a type that ${topic} doesn't know` });
  const parsed = parseJson(value);
  if (!parsed.ok) return parsed;
  const flaw = findFlaw(parsed.json, { cards: false });
  if (flaw) return broken(flaw);
  const mode = isStrict(topic) ? 'closed' : 'open';
  const present = toPresent({ schema, older: older(topic, type), mode }, parsed.json, version);
  if (!present.ok) return broken(present);
  // After the schema, which bounds the length of every text that is searched.
  const card = topic === STOREFRONT_ORDERS && findFlaw(present.data, { cards: true });
  return card ? broken(card) : present;
}

/** As `decode`, for a `ce_type` that is only known to be a text: an unknown one is an answer too. */
export function decodeMessage<T extends TopicName>(
  topic: T,
  type: string,
  value: Uint8Array | null,
  version?: number,
): DecodedMessage<T>;
export function decodeMessage(
  topic: TopicName,
  type: string,
  value: Uint8Array | null,
  version?: number,
): { ok: true; type: string; data: unknown } | ({ ok: false } & Flaw) {
  const decoded: Decoded<unknown> = decode(topic, type as never, value, version);
  return decoded.ok ? { ...decoded, type } : decoded;
}

/**
 * The bytes of a message: canonical JSON, so equal data gives equal bytes. Throws `InvalidMessage` on data that breaks
 * the contract, unknown fields included: what we write is stricter than what we read.
 */
export function encode<T extends TopicName, M extends MessageName<T>>(
  topic: T,
  type: M,
  data: MessageData<T, M>,
): Buffer;
export function encode(topic: TopicName, type: string, data: unknown): Buffer {
  const schema = schemaOf(topic, type);
  if (!schema) throw new InvalidMessage(topic, type, { path: '', error: 'has no such type' });
  const bug = findFlaw(data, { cards: false });
  if (bug) throw new InvalidMessage(topic, type, bug);
  const json = canonical(data);
  const flaw = check(schema, json, 'closed');
  if (flaw) throw new InvalidMessage(topic, type, flaw);
  const bytes = Buffer.from(JSON.stringify(json), 'utf8');
  if (bytes.byteLength > MESSAGE_BYTES_MAX) {
    const error = `is longer than ${MESSAGE_BYTES_MAX} bytes`;
    throw new InvalidMessage(topic, type, { path: '', error });
  }
  return bytes;
}

/** A path holds the sender's own field names: one with a card number in it must not reach a log. */
function broken({ path, error }: Flaw): { ok: false; path: string; error: string } {
  return { ok: false, path: looksLikeCardNumber(path) ? '' : path, error };
}
