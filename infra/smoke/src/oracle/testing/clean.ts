import { createHash } from 'node:crypto';
import type { Acked, Excuse } from '../../witness.js';
import { blockHashOf, GENESIS } from '../digests.js';
import type {
  Evidence,
  IntentMessage,
  LogEvidence,
  PaymentState,
  StoredRow,
  TopicEvidence,
  TrueIntent,
  VersionedState,
} from '../evidence.js';
import { operationIdOf } from '../ids.js';
import { partitionOf } from '../partition.js';
import { GROUP_PLACES, LOG_PLACES, type LogPlace, SERVICES } from '../places.js';

/** `T` as a spec may change it. */
export type Changeable<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? Map<K, Changeable<V>>
    : T extends readonly (infer E)[]
      ? Changeable<E>[]
      : T extends object
        ? { -readonly [K in keyof T]: Changeable<T[K]> }
        : T;

export interface Scene {
  evidence: Changeable<Evidence>;
  acked: Acked;
  excuses: Excuse[];
}

const LANES = 8;
const AMOUNT = 1_000;
const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const at = (seconds: number) => new Date(T0 + seconds * 1_000).toISOString();

export const PAID = 'pay1';
export const REFUNDED = 'pay2';
export const DECLINED = 'pay3';

export const sha = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * A small world in which everything is as it must be: one order paid and released, one captured when ready and refunded
 * in part, one declined. A spec breaks one thing of it.
 */
export function clean(): Scene {
  const rows = historyOf();
  const logs = LOG_PLACES.map((place) => logOf(place, rows[place.schema] ?? []));
  const states = statesOf(rows['payments'] ?? []);
  const evidence: Evidence = {
    logs,
    topics: logs.flatMap(topicOf),
    webhooks: [
      {
        id: 'evd1',
        account: 'stripe-main',
        eventId: 'evt_1',
        sha256: sha('body 1'),
        bodySha256: sha('body 1'),
        outcome: 'facts',
      },
      {
        id: 'evd2',
        account: 'stripe-main',
        eventId: 'evt_2',
        sha256: sha('body 2'),
        bodySha256: sha('body 2'),
        outcome: 'ignored',
      },
    ],
    facts: [
      {
        id: 'fct-told',
        paymentId: PAID,
        evidenceId: 'evd1',
        eventId: 'evt_1',
        sha256: sha('body 1'),
      },
    ],
    parked: [],
    intentMessages: intentMessages(),
    projected: states,
    lastInLog: structuredClone(states),
    lastInTopic: structuredClone(states),
    copies: states.flatMap(({ paymentId, version }) =>
      ['intent', 'fulfillment', 'reconciliation'].map((service) => ({
        service,
        paymentId,
        version,
      })),
    ),
    goods: [releaseOf(PAID, 'order-1', '0/0'), releaseOf(REFUNDED, 'order-2', '1/0')],
    ...ledger(),
    truth: truth(),
    motion: motionOf(logs),
    rebuilt: [
      { from: 'postgres', equal: true, said: [] },
      { from: 'kafka', equal: true, said: [] },
    ],
  };
  return {
    evidence: structuredClone(evidence) as Changeable<Evidence>,
    acked: acked(),
    excuses: [],
  };
}

type BareRow = Pick<StoredRow, 'stream' | 'id' | 'type'>;

function historyOf(): Record<string, BareRow[]> {
  const row = (stream: string, id: string, type: string): BareRow => ({ stream, id, type });
  const recorded = intentMessages().map(({ paymentId, type, data }, index) =>
    row(paymentId, data.fact?.id ?? `msg-${index}`, type),
  );
  const told = row(PAID, 'fct-told', 'FactRecorded');
  return {
    intents: recorded,
    evidence: [row('evd1', 'evd1', 'WebhookReceived'), row('evd2', 'evd2', 'WebhookReceived')],
    facts: [told],
    payments: [...recorded.filter(({ id }) => id.startsWith('fct')), told],
    fulfillment: [
      row(PAID, 'dec1', 'FulfillmentReleased'),
      row(REFUNDED, 'dec2', 'FulfillmentReleased'),
    ],
    ledger: [row(PAID, 'ent1', 'EntryPosted'), row(REFUNDED, 'ent2', 'EntryPosted')],
  };
}

function intentMessages(): IntentMessage[] {
  return [PAID, REFUNDED, DECLINED].flatMap((paymentId) => [
    { paymentId, type: 'IntentAccepted', data: { fact: { id: `fct-terms-${paymentId}` } } },
    { paymentId, type: 'FactRecorded', data: { fact: { id: `fct-asked-${paymentId}` } } },
  ]);
}

/** Rows get lanes, positions and versions as an append gives them; blocks hold two rows at most. */
export function logOf(place: LogPlace, bare: readonly BareRow[]): LogEvidence {
  const versions = new Map<string, number>();
  const ends = Array.from({ length: LANES }, () => 0);
  const rows = bare.map((row): StoredRow => {
    const lane = partitionOf(row.stream, LANES);
    const version = (versions.get(row.stream) ?? 0) + 1;
    versions.set(row.stream, version);
    const position = ends[lane] ?? 0;
    ends[lane] = position + 1;
    const digest = sha(`${place.schema} ${row.stream} ${row.id}`);
    return { ...row, lane, position, version, digest, recomputed: digest };
  });
  rows.sort((a, b) => a.lane - b.lane || a.position - b.position);
  const blocks: Changeable<LogEvidence['blocks']> = [];
  const heads = ends.map((next, lane) => {
    let hash = GENESIS;
    const own = rows.filter((row) => row.lane === lane);
    for (let first = 0; first < next; first += 2) {
      const digests = own.slice(first, first + 2).map(({ digest }) => digest);
      const previous = hash;
      hash = blockHashOf(previous, first, digests);
      blocks.push({ lane, first, count: digests.length, hash, previous });
    }
    return { lane, next, hash };
  });
  return { place, rows, blocks, heads };
}

function topicOf({ place: { topic }, rows }: LogEvidence): TopicEvidence[] {
  if (topic === undefined) return [];
  const messages = rows.map((row) => ({
    partition: row.lane,
    offset: row.position,
    key: row.stream,
    row: { ...row, time: at(0) },
  }));
  return [{ topic, partitions: LANES, messages }];
}

function stateOf(orderId: string, attempt: number, some: Partial<PaymentState>): PaymentState {
  return {
    label: 'captured',
    final: true,
    held: false,
    unresolved: [],
    currency: 'EUR',
    terms: {
      storefront: 'shop',
      orderId,
      attempt,
      captureMode: 'automatic',
      account: 'stripe-main',
      amount: { minor: String(AMOUNT), currency: 'EUR' },
    },
    amounts: { authorized: '1000', captured: '1000', refunded: '0', voided: '0' },
    operations: [],
    anomalies: [],
    ...some,
  };
}

function statesOf(rows: readonly BareRow[]): VersionedState[] {
  const version = (stream: string) => rows.filter((row) => row.stream === stream).length;
  const refund = operationIdOf(REFUNDED, 'refund', 'ref-1');
  const capture = operationIdOf(REFUNDED, 'capture', 'ship-1');
  const none = { authorized: '0', captured: '0', refunded: '0', voided: '0' };
  return [
    { paymentId: PAID, version: version(PAID), state: stateOf('order-1', 1, {}) },
    {
      paymentId: REFUNDED,
      version: version(REFUNDED),
      state: stateOf('order-2', 1, {
        label: 'partially_refunded',
        amounts: { authorized: '1000', captured: '1000', refunded: '400', voided: '0' },
        operations: [
          { id: capture, kind: 'capture', status: 'succeeded' },
          { id: refund, kind: 'refund', status: 'succeeded' },
        ],
      }),
    },
    {
      paymentId: DECLINED,
      version: version(DECLINED),
      state: stateOf('order-3', 1, { label: 'failed', amounts: none }),
    },
  ];
}

export function releaseOf(paymentId: string, orderId: string, place: string) {
  return {
    id: `rel-${paymentId}-${place}`,
    place,
    type: 'FulfillmentReleased',
    time: at(10),
    paymentId,
    storefront: 'shop',
    orderId,
    part: 'all',
    reason: 'payment_captured',
  };
}

function ledger(): Pick<Evidence, 'entries' | 'publishedEntries' | 'balances'> {
  const entry = (entryId: string, paymentId: string, minor: string) => ({
    entryId,
    paymentId,
    currency: 'EUR',
    lines: [
      { account: 'receivable:stripe-main', side: 'debit', minor },
      { account: 'payable:shop', side: 'credit', minor },
    ],
  });
  const entries = [entry('ent1', PAID, '1000'), entry('ent2', REFUNDED, '600')];
  const balances = [
    { account: 'receivable:stripe-main', currency: 'EUR', minor: '1600' },
    { account: 'payable:shop', currency: 'EUR', minor: '-1600' },
  ];
  return { entries, publishedEntries: structuredClone(entries), balances };
}

function truth(): Evidence['truth'] {
  const intent = (id: string, payment: string, some: Partial<TrueIntent>): TrueIntent => ({
    id,
    account: 'stripe-main',
    status: 'succeeded',
    metadata: { paylog_payment: payment },
    captureMethod: 'automatic',
    cancellationReason: null,
    currency: 'eur',
    amount: AMOUNT,
    amountReceived: AMOUNT,
    amountCapturable: 0,
    amountRefunded: 0,
    amountReleased: 0,
    authorizations: 1,
    captures: 1,
    charges: [],
    refunds: [],
    disputes: [],
    transfers: [],
    ...some,
  });
  const captured = (paymentIntentId: string, key: string) => ({
    kind: 'captured',
    at: at(5),
    paymentIntentId,
    object: `ch_${paymentIntentId}`,
    amount: AMOUNT,
    idempotencyKey: key,
  });
  const metadata = { paylog_operation_refund: operationIdOf(REFUNDED, 'refund', 'ref-1') };
  return {
    intents: [
      intent('pi_1', PAID, {}),
      intent('pi_2', REFUNDED, {
        amountRefunded: 400,
        refunds: [{ id: 're_1', status: 'succeeded', amount: 400, metadata }],
      }),
      intent('pi_3', DECLINED, {
        status: 'canceled',
        amountReceived: 0,
        authorizations: 0,
        captures: 0,
        charges: [{ id: 'ch_3', status: 'failed' }],
      }),
    ],
    effects: [captured('pi_1', 'aut1'), captured('pi_2', 'cap2')],
    deliveries: [
      {
        eventId: 'evt_1',
        eventType: 'charge.succeeded',
        sha256: sha('body 1'),
        at: at(6),
        status: 200,
        signedWrong: false,
      },
    ],
  };
}

/** Everything relayed, followed and read to its end. */
function motionOf(logs: readonly LogEvidence[]): Evidence['motion'] {
  const ends = new Map<string, number[]>();
  for (const { topics } of GROUP_PLACES) {
    for (const topic of topics)
      ends.set(
        topic,
        Array.from({ length: LANES }, () => 0),
      );
  }
  for (const { place, heads } of logs) {
    if (place.topic)
      ends.set(
        place.topic,
        heads.map(({ next }) => next),
      );
  }
  const services = SERVICES.map((service) => {
    const own = logs.filter(({ place }) => place.service === service);
    const read = GROUP_PLACES.filter((group) => group.service === service).flatMap(
      ({ group, topics }) =>
        topics.flatMap((topic) =>
          (ends.get(topic) ?? []).map((next, partition) => ({
            source: `${group}/${topic}`,
            partition,
            next,
          })),
        ),
    );
    const followed = own.flatMap(({ place, heads }) =>
      heads.map(({ lane, next }) => ({ source: `log:${place.schema}`, partition: lane, next })),
    );
    const lanes = own.flatMap(({ place: { schema, topic }, heads }) =>
      heads.map(({ lane, next }) => {
        const relayed = topic === undefined ? 0 : next;
        return { schema, lane, next, relayed, topicEnd: relayed };
      }),
    );
    return { service, lanes, offsets: [...read, ...followed], ready: 0, due: [] };
  });
  return { pendingWebhooks: 0, ends, services };
}

function acked(): Acked {
  const order = (paymentId: string, orderId: string) => ({
    paymentId,
    orderId,
    attempt: 1,
    channel: 'http' as const,
    at: T0,
  });
  return {
    webhooks: [{ sha256: sha('body 2'), url: 'http://ingest', at: T0 + 6_000 }],
    orders: [order(PAID, 'order-1'), order(REFUNDED, 'order-2'), order(DECLINED, 'order-3')],
    requests: [
      { ...order(REFUNDED, 'order-2'), kind: 'capture', reference: 'ship-1' },
      { ...order(REFUNDED, 'order-2'), kind: 'refund', reference: 'ref-1' },
    ],
  };
}
