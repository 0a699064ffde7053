import {
  GATEWAY_NOTIFICATIONS,
  OPERATIONS_COMMANDS,
  partitionOf,
  PAYMENT_PARTITIONS,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  SETTLEMENT_FACTS,
  stableId,
  STOREFRONT_ORDERS,
} from '@paylog/contracts';
import { integerBetween, oneOf, type Random } from '../random.js';
import { brokenUtf8, deeplyNested, flipped, oddField, randomBytes, truncated } from './mutate.js';
import { pick } from './pick.js';

/** Every topic that a service of ours reads. */
export const INPUT_TOPICS = [
  STOREFRONT_ORDERS,
  PAYMENTS_INTENTS,
  GATEWAY_NOTIFICATIONS,
  SETTLEMENT_FACTS,
  PAYMENTS_EVENTS,
  OPERATIONS_COMMANDS,
] as const;
export type InputTopic = (typeof INPUT_TOPICS)[number];

/** A message of a topic as it should be, by type: the contracts' own examples. */
export type Examples = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface FuzzedMessage {
  readonly partition: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** No reader can do anything with it: every group must set it aside. Else it may be, or may be taken. */
  readonly hopeless: boolean;
}

/** Only these two choose their keys; on the others a key tells the partition. */
const FREE_KEYS: ReadonlySet<InputTopic> = new Set([STOREFRONT_ORDERS, OPERATIONS_COMMANDS]);
/** What is said about payments is said about so many, none of them anybody's. */
const STRANGERS = 20_000;
/** Some facts of other payments come under one and the same id. */
const SAME_FACT_SHARE = 0.05;
const HUGE_BYTES = 900_000;
const HUGE_SHARE = 0.0002;

type Kind = (random: Random, from: Source) => Partial<FuzzedMessage>;

interface Source {
  readonly topic: InputTopic;
  readonly data: Readonly<Record<string, unknown>>;
  readonly type: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

const bytesOf = (data: unknown) => Buffer.from(JSON.stringify(data));
const hopeless = (message: Partial<FuzzedMessage>) => ({ ...message, hopeless: true });

const KINDS: readonly (readonly [number, Kind])[] = [
  [2, (random) => hopeless({ value: randomBytes(random, 600) })],
  [3, (random, { data }) => hopeless({ value: truncated(random, bytesOf(data)) })],
  [2, (random, { data }) => hopeless({ value: brokenUtf8(random, bytesOf(data)) })],
  [2, (random, { data }) => ({ value: flipped(random, bytesOf(data)) })],
  [6, (random, { data }) => ({ value: oddField(random, data) })],
  [1, (random) => hopeless({ value: deeplyNested(random) })],
  [2, () => hopeless({ value: null })],
  [1, () => hopeless({ value: Buffer.alloc(0) })],
  [2, unknownType],
  [1, unknownVersion],
  [2, missingHeaders],
  [2, oddHeaders],
  [3, wrongPlace],
  [2, otherContent],
  [2, () => ({})], // As it should be, about nobody.
];

/** The `number`-th message of a topic: the same seed gives the same messages. */
export function fuzzedMessage(
  random: Random,
  topic: InputTopic,
  examples: Examples,
): FuzzedMessage {
  const type = oneOf(Object.keys(examples), random);
  const payment = stableId('pay', 'flood', String(integerBetween(random, 1, STRANGERS)));
  const example = random() < SAME_FACT_SHARE ? examples[type] : ownFact(examples[type], random);
  const data = aboutNobody(topic, example ?? {}, payment);
  const key = FREE_KEYS.has(topic) ? `flood-${integerBetween(random, 1, STRANGERS)}` : payment;
  const headers = {
    ce_id: `flood-${Math.floor(random() * 2 ** 48).toString(36)}`,
    ce_type: type,
    ce_source: 'flood',
    ce_specversion: '1.0',
    ce_time: '2026-03-02T09:14:05.131Z',
    'content-type': 'application/json',
  };
  const plain = { partition: partitionOf(key), key, value: bytesOf(data), headers };
  if (random() < HUGE_SHARE) {
    return { ...plain, value: Buffer.alloc(HUGE_BYTES, 'x'), hopeless: true };
  }
  const kind = pick(KINDS, random);
  return { ...plain, hopeless: false, ...kind(random, { topic, data, type, key, headers }) };
}

/** What is taken at its word must not be about an order, an account or a payment that somebody counts on. */
function aboutNobody(
  topic: InputTopic,
  example: Readonly<Record<string, unknown>>,
  payment: string,
): Readonly<Record<string, unknown>> {
  if (topic === STOREFRONT_ORDERS) return { ...example, storefront: 'flood' };
  if (topic !== OPERATIONS_COMMANDS) return { ...example, paymentId: payment };
  return {
    ...example,
    ...('account' in example && { account: 'flood' }),
    ...('paymentId' in example && { paymentId: payment }),
  };
}

/** The example with a fact of its own: twice the same id would be twice the same fact. */
function ownFact(example: Examples[string] | undefined, random: Random): Examples[string] {
  const fact = example?.['fact'];
  if (typeof fact !== 'object' || fact === null) return { ...example };
  const id = stableId('fct', 'flood', String(Math.floor(random() * 2 ** 40)));
  return { ...example, fact: { ...fact, id } };
}

function unknownType(random: Random, { headers }: Source): Partial<FuzzedMessage> {
  const types = [
    'PaymentTeleported',
    '__proto__',
    'toString',
    'factrecorded',
    '\u0000',
    'x'.repeat(9_000),
  ];
  return hopeless({ headers: { ...headers, ce_type: oneOf(types, random) } });
}

function unknownVersion(random: Random, { headers }: Source): Partial<FuzzedMessage> {
  const versions = ['0', '-1', '2.5', '99', '1e9', 'NaN', 'two', '99999999999999999999'];
  return hopeless({ headers: { ...headers, ce_schemaversion: oneOf(versions, random) } });
}

function missingHeaders(random: Random, { headers }: Source): Partial<FuzzedMessage> {
  const { ce_id, ce_type, ...rest } = headers as Record<string, string>;
  const some = [rest, { ...rest, ce_id }, { ...rest, ce_type }, {}] as Record<string, string>[];
  return hopeless({ headers: oneOf(some, random) });
}

/** Beside the ones that count, or in place of those that only tell more. */
function oddHeaders(random: Random, { headers }: Source): Partial<FuzzedMessage> {
  const odd = oneOf<Record<string, string>>(
    [
      { traceparent: 'not-a-trace' },
      { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00` },
      { ce_time: 'yesterday' },
      { ce_source: '\u0000\ud800' },
      { 'x-long': 'h'.repeat(20_000) },
      { toString: '1', constructor: '1' },
      { 'dead-letter-attempts': '-1', 'dead-letter-id': 'prk' },
      { correlationid: '\u0000', causationid: 'é'.repeat(300) },
      Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, 'v'])),
    ],
    random,
  );
  return { headers: { ...headers, ...odd } };
}

function wrongPlace(random: Random, { topic, key }: Source): Partial<FuzzedMessage> {
  const other =
    (partitionOf(key) + integerBetween(random, 1, PAYMENT_PARTITIONS - 1)) % PAYMENT_PARTITIONS;
  const odd = oneOf<Partial<FuzzedMessage>>(
    [{ partition: other }, { key: null }, { key: '' }],
    random,
  );
  return FREE_KEYS.has(topic) ? { ...odd, hopeless: false } : hopeless(odd);
}

/** An id that came before, with something else in it. */
function otherContent(random: Random, { headers, data }: Source): Partial<FuzzedMessage> {
  const ce_id = `flood-again-${integerBetween(random, 1, 500)}`;
  return {
    headers: { ...headers, ce_id },
    value: bytesOf({ ...data, attempt: integerBetween(random, 1, 9) }),
  };
}
