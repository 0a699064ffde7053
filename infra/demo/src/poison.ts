import { createHash, createHmac, randomUUID } from 'node:crypto';
import {
  encode,
  factId,
  GATEWAY_NOTIFICATIONS,
  GROUPS,
  OPERATIONS_COMMANDS,
  partitionOf,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  SETTLEMENT_FACTS,
  STOREFRONT_ORDERS,
  type TopicName,
  toWireMoney,
} from '@paylog/contracts';
import {
  type ConsumedMessage,
  createPublisher,
  type Publisher,
  readPartition,
} from '@paylog/kafka';
import { ACCOUNT, STOREFRONT, waitFor } from '@paylog/local';
import { HttpApi } from './http.js';
import type { Order } from './orders.js';
import { commandHeaders, type Mended, openParked, type Parked } from './parked.js';
import type { Sent } from './sandbox-truth.js';
import type { Shop } from './shop.js';
import type { RunningSystem } from './system.js';
import type { Watch } from './watch.js';

/** Something unreadable that was sent, where it must be parked, and what should have been sent instead. */
export interface Poison {
  /** Of the scenario in the report. */
  readonly name: string;
  readonly source: string;
  readonly partition?: number;
  readonly offset?: bigint;
  readonly mended: Buffer;
}

/** What the gateway itself has: for playing its part. */
export interface GatewayAccess {
  readonly apiKey: string;
  readonly webhookSecret: string;
}

const PARKED_WITHIN_MS = 60_000;
/** Long enough for a key and a brace, too short for a message. */
const CUT_AFTER_BYTES = 40;

/** Sends what no reader can read, one on each input topic, as a broken writer or a mistyped command would. */
export class Poisoner {
  readonly #publisher: Publisher;

  constructor(
    private readonly system: RunningSystem,
    private readonly watch: Watch,
    private readonly gateway: GatewayAccess,
  ) {
    this.#publisher = createPublisher(system.kafka);
  }

  close(): Promise<void> {
    return this.#publisher.close();
  }

  /** An order with a comma in its amount. Mended, it is an order like any other. */
  async order(order: Order, shop: Shop): Promise<Poison[]> {
    const { orderId, amount, scenario } = order;
    const { captureMode, paymentMethod } = scenario;
    const wire = toWireMoney(amount);
    const data = { storefront: STOREFRONT, orderId, amount: wire, captureMode, paymentMethod };
    const bad = { ...data, amount: { ...wire, minor: `${wire.minor},00` } };
    const place = await shop.sendBytes(orderId, 'OrderPlaced', Buffer.from(JSON.stringify(bad)));
    const mended = encode(STOREFRONT_ORDERS, 'OrderPlaced', data);
    return everyGroupOf(STOREFRONT_ORDERS, place, mended);
  }

  /** A second writer sends a payment's message again, and is cut off. Mended, the message says what is known already. */
  async cutOff(
    topic: typeof PAYMENTS_INTENTS | typeof GATEWAY_NOTIFICATIONS | typeof PAYMENTS_EVENTS,
    paymentId: string,
  ): Promise<Poison[]> {
    const original = await lastMessage(this.system, topic, paymentId);
    const { ce_id, ce_type, ce_time, ce_source, ce_schemaversion } = original.headers;
    const headers = definedOf({ ce_id, ce_type, ce_time, ce_source, ce_schemaversion });
    const value = original.value as Buffer;
    const place = await this.#send(topic, paymentId, value.subarray(0, CUT_AFTER_BYTES), headers);
    return everyGroupOf(topic, place, value);
  }

  /** A fact of a report line, cut off; mended, it says what the gateway has said before. */
  async settlementFact(paymentId: string): Promise<Poison[]> {
    const capture = this.watch
      .payment(paymentId)
      .state?.operations.find(({ kind, status }) => kind === 'capture' && status === 'succeeded');
    if (capture?.amount === undefined) throw new Error(`${paymentId} has no capture to tell of`);
    const at = new Date().toISOString();
    const id = factId('settlement', 'demo', paymentId);
    const value = encode(SETTLEMENT_FACTS, 'FactRecorded', {
      paymentId,
      fact: {
        type: 'operation',
        id,
        at,
        source: 'settlement',
        operation: capture.id,
        kind: 'capture',
        outcome: 'succeeded',
        amount: capture.amount,
      },
      line: { statement: 'po_mended', number: 1 },
    });
    const headers = { ...commandHeaders('FactRecorded'), ce_id: id };
    const cut = value.subarray(0, CUT_AFTER_BYTES);
    const place = await this.#send(SETTLEMENT_FACTS, paymentId, cut, headers);
    return everyGroupOf(SETTLEMENT_FACTS, place, value);
  }

  /** An operator's command with a misspelt field. Every service must look at it to see whether it is meant. */
  async command(paymentId: string): Promise<Poison[]> {
    const data = {
      service: 'intent',
      paymentId,
      operator: 'demo',
      reason: 'ask once more',
    } as const;
    const mended = encode(OPERATIONS_COMMANDS, 'VerifyPayment', data);
    const { paymentId: id, ...rest } = data;
    const bad = Buffer.from(JSON.stringify({ ...rest, paymentID: id }));
    const headers = commandHeaders('VerifyPayment');
    const place = await this.#send(OPERATIONS_COMMANDS, data.service, bad, headers);
    return everyGroupOf(OPERATIONS_COMMANDS, place, mended);
  }

  /** Signed as it should be, and no JSON: the gateway's own bug. Mended, it tells of the payment as it is. */
  async brokenWebhook(intentId: string): Promise<{ poison: Poison[]; sent: Sent }> {
    const mended = await this.#eventAbout(intentId);
    const body = mended.subarray(0, mended.length - 20);
    const status = await this.#post(body, this.gateway.webhookSecret);
    const poison = { name: 'webhook_broken_json', source: 'webhook-ingest/webhooks', mended };
    return { poison: [poison], sent: { ...sentOf(body, status), signedWrong: false } };
  }

  /** Somebody who knows no secret, or one that was revoked, says that a payment was made. */
  async forgedWebhook(intentId: string, secret = 'whsec_of_a_stranger'): Promise<Sent> {
    const body = await this.#eventAbout(intentId);
    const status = await this.#post(body, secret);
    return { ...sentOf(body, status), signedWrong: true };
  }

  async #send(topic: string, key: string, value: Buffer, headers: Record<string, string>) {
    const partition = partitionOf(key);
    const next = await this.#publisher.publish(topic, [{ partition, key, value, headers }]);
    return { partition, offset: (next.get(partition) as bigint) - 1n };
  }

  async #post(body: Buffer, secret: string): Promise<number> {
    const at = Math.floor(Date.now() / 1_000);
    const signature = createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex');
    const response = await fetch(
      `${this.system.url('webhook-ingest')}/webhooks/stripe/${ACCOUNT}`,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'stripe-signature': `t=${at},v1=${signature}`,
        },
        body: new Uint8Array(body),
      },
    );
    await response.arrayBuffer();
    return response.status;
  }

  /** An event as the gateway would send it, around the object as it is there. */
  async #eventAbout(intentId: string): Promise<Buffer> {
    const api = new HttpApi(this.system.url('sandbox-gateway'), { key: this.gateway.apiKey });
    const object = await api.get<object>(`/v1/payment_intents/${intentId}`);
    const event = {
      id: `evt_${randomUUID().replaceAll('-', '')}`,
      object: 'event',
      created: Math.floor(Date.now() / 1_000),
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type: 'payment_intent.succeeded',
    };
    return Buffer.from(JSON.stringify(event, null, 2));
  }
}

/** The parked row of each poison, once it is there. */
export async function parkedRowsOf(
  system: RunningSystem,
  poisons: readonly Poison[],
): Promise<Mended[]> {
  let missing: readonly Poison[] = poisons;
  return waitFor(
    'poison to be parked',
    async () => {
      const open = await openParked(system);
      const found = poisons.map((poison) => ({ poison, row: open.find(isAbout(poison)) }));
      missing = found.filter(({ row }) => row === undefined).map(({ poison }) => poison);
      if (missing.length > 0) return undefined;
      return found.map(({ poison, row }) => ({ row: row as Parked, value: poison.mended }));
    },
    { deadlineMs: PARKED_WITHIN_MS, everyMs: 250 },
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${missing.map(({ source }) => source).join(', ')}`);
  });
}

const isAbout = (poison: Poison) => (row: Parked) =>
  row.source === poison.source &&
  (poison.offset === undefined ||
    (row.partition === poison.partition && row.offset === String(poison.offset)));

/** Each group that reads the topic parks its own copy. */
function everyGroupOf(
  topic: TopicName,
  { partition, offset }: { partition: number; offset: bigint },
  mended: Buffer,
): Poison[] {
  return Object.values(GROUPS)
    .filter(({ topics }) => (topics as readonly string[]).includes(topic))
    .map(({ group }) => ({
      name: poisonName(topic),
      source: `${group}/${topic}`,
      partition,
      offset,
      mended,
    }));
}

/** `payments.events.v1` → `poison_payments_events`. */
export function poisonName(topic: TopicName): string {
  return `poison_${topic.replace(/\.v\d+$/, '').replaceAll('.', '_')}`;
}

async function lastMessage(
  system: RunningSystem,
  topic: TopicName,
  paymentId: string,
): Promise<ConsumedMessage> {
  let last: ConsumedMessage | undefined;
  for await (const messages of readPartition(system.kafka, topic, partitionOf(paymentId), 0n)) {
    last = messages.findLast(({ key, value }) => key === paymentId && value !== null) ?? last;
  }
  if (last === undefined) throw new Error(`${topic} holds nothing about ${paymentId}`);
  return last;
}

function sentOf(body: Buffer, status: number): Omit<Sent, 'signedWrong'> {
  const sha256 = createHash('sha256').update(body).digest('hex');
  return { eventId: eventIdIn(body), sha256, status };
}

function eventIdIn(body: Buffer): string | null {
  try {
    return (JSON.parse(body.toString('utf8')) as { id: string }).id;
  } catch {
    return null;
  }
}

function definedOf(headers: Record<string, string | undefined>): Record<string, string> {
  const defined = Object.entries(headers).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  return Object.fromEntries(defined);
}
