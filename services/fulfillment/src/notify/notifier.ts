import { createHash } from 'node:crypto';
import {
  CUSTOMER_NOTIFICATIONS,
  decode,
  encode,
  factId,
  FULFILLMENT_EVENTS,
  type MessageData,
  partitionOf,
  PAYMENTS_EVENTS,
} from '@paylog/contracts';
import {
  type Append,
  type AppendAnswer,
  type EventLog,
  type FlushOptions,
  type FollowedBatch,
  LogFault,
  type LogRow,
  type NewParked,
  type ParkedRow,
} from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import {
  type Accepted,
  type Batch,
  decodeBatch,
  decodeOne,
  inputOf,
  messageOf,
  type Outcome,
} from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import { appendInFlushes, stands, streamVersions } from '@paylog/service';
import type { Pool } from 'pg';
import { type DecisionType, WHOLE } from '../release/decide.js';
import { noticesOf } from './notices.js';
import { toldBefore } from './notifications.sql.js';

type Notification = MessageData<typeof CUSTOMER_NOTIFICATIONS, 'CustomerNotification'>;

interface Telling {
  readonly key: string;
  readonly time: string;
  readonly data: Notification;
}

declareFailpoints(['fulfillment.notify.before', 'fulfillment.notify.after']);

const ATTEMPTS_MAX = 20;

/** Payment events and our own releases → what the customer is told, each thing once. */
export class Notifier {
  constructor(
    private readonly pool: Pool,
    private readonly log: EventLog,
    private readonly group: string,
    private readonly logger: Logger,
  ) {}

  /** Payments, from Kafka. */
  async take(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_EVENTS, this.group, batch);
    const input = inputOf(this.group, batch);
    return this.write(accepted.flatMap(tellingsOf), { input, parked });
  }

  /** Releases, from our own log. */
  async follow({ rows, input }: FollowedBatch): Promise<Outcome> {
    return this.write(rows.flatMap(tellingOfRelease), { input });
  }

  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const decoded = decodeOne(PAYMENTS_EVENTS, messageOf(row));
      if (typeof decoded === 'string') {
        throw new Error(`${row.id} is still not readable: ${decoded}`);
      }
      await this.write(tellingsOf(decoded), { settle: [{ id: row.id, status: 'applied' }] });
    }
  }

  private async write(tellings: readonly Telling[], options: FlushOptions): Promise<Outcome> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const fresh = await this.fresh(tellings);
      const appends = await this.versioned(fresh);
      await failpoint('fulfillment.notify.before');
      const answers = await appendInFlushes(this.log, appends, options);
      await failpoint('fulfillment.notify.after');
      if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
      fresh.forEach((telling, i) => this.tell(telling, appends[i], answers[i]));
      if (answers.every(stands)) {
        for (const row of options.parked ?? []) this.tellParked(row);
        return 'committed';
      }
      const refused = answers.find(({ status }) => status === 'refused');
      if (refused) throw new Error(`a notification can't be stored: ${JSON.stringify(refused)}`);
    }
    const why = `${ATTEMPTS_MAX} appends in a row met another writer of the same notifications`;
    throw new LogFault('contention', true, why);
  }

  /** Not told before; each once in this batch. */
  private async fresh(tellings: readonly Telling[]): Promise<Telling[]> {
    const byKey = new Map<string, Telling>();
    for (const telling of tellings) if (!byKey.has(telling.key)) byKey.set(telling.key, telling);
    const told = await toldBefore(this.pool, [...byKey.keys()]);
    return [...byKey.values()].filter(({ key }) => !told.has(key));
  }

  private async versioned(tellings: readonly Telling[]): Promise<Append[]> {
    const streams = [...new Set(tellings.map(({ data }) => data.paymentId))];
    const versions = await streamVersions(this.pool, 'notifications', streams);
    return tellings.map((telling) => {
      const { paymentId } = telling.data;
      const version = versions.get(paymentId) ?? 0;
      versions.set(paymentId, version + 1);
      return toAppend(telling, version);
    });
  }

  private tell({ data }: Telling, append?: Append, answer?: AppendAnswer): void {
    if (answer?.status !== 'appended') return;
    const { paymentId, orderId, kind, causedBy } = data;
    const eventId = append?.rows[0]?.id;
    this.logger.info({ eventId, paymentId, orderId, kind, causedBy }, 'customer notified');
  }

  private tellParked({ id, key, headers, source, partition, offset, stage, error }: NewParked) {
    const place = { source, partition, offset: String(offset), stage, error };
    const ids = { eventId: headers['ce_id'], paymentId: key, parkedId: id };
    this.logger.warn({ ...ids, ...place }, 'message parked');
  }
}

function tellingsOf({ data, message }: Accepted<typeof PAYMENTS_EVENTS>): Telling[] {
  const { paymentId, fact } = data;
  const { terms } = data.state;
  if (!terms) return [];
  const { storefront, orderId } = terms;
  return noticesOf(data).map(({ key, kind, ...rest }) => ({
    key,
    time: message.headers['ce_time'] ?? fact.at,
    data: {
      paymentId,
      storefront,
      orderId,
      kind,
      messageKey: `customer.${kind}`,
      ...rest,
      causedBy: fact.id,
    },
  }));
}

type OrderNotice = Extract<Notification['kind'], `order_${string}`>;

const ORDER_NOTICES: Readonly<Record<string, OrderNotice>> = {
  FulfillmentReleased: 'order_released',
  FulfillmentHeld: 'order_delayed',
  FulfillmentRecalled: 'order_recalled',
  FulfillmentCancelled: 'order_cancelled',
};

const ENDS_THE_ORDER: ReadonlySet<string> = new Set(['order_cancelled', 'payment_voided']);

/**
 * Our own decisions, once an order. That no money came of an attempt is told of the payment, and no end of the order: the
 * next attempt may pay it. Why goods wait is for nobody but the merchant: it may be a suspicion.
 */
function tellingOfRelease({ id, type, schemaVersion, data, time }: LogRow): Telling[] {
  const kind = ORDER_NOTICES[type];
  if (kind === undefined) return [];
  const decoded = decode(FULFILLMENT_EVENTS, type as DecisionType, data, schemaVersion);
  if (!decoded.ok) throw new Error(`our own ${type} ${id} doesn't decode: ${decoded.error}`);
  const { paymentId, storefront, orderId, part, reason } = decoded.data;
  if (kind === 'order_cancelled' && !ENDS_THE_ORDER.has(reason)) return [];
  const why = kind === 'order_released' || kind === 'order_delayed' ? {} : { reason };
  const messageKey = `customer.${kind}`;
  return [
    {
      key: [kind, storefront, orderId, ...(part === WHOLE ? [] : [part])].join(':'),
      time,
      data: { paymentId, storefront, orderId, kind, messageKey, ...why, causedBy: id },
    },
  ];
}

function toAppend({ key, time, data }: Telling, version: number): Append {
  return {
    lane: partitionOf(data.paymentId),
    stream: data.paymentId,
    expectedVersion: version,
    key,
    // The key says what is told; which event led to it may differ from one telling to the next.
    contentDigest: createHash('sha256').update(key).digest(),
    rows: [
      {
        id: factId('notification', key),
        type: 'CustomerNotification',
        schemaVersion: 1,
        source: 'fulfillment',
        time,
        data: encode(CUSTOMER_NOTIFICATIONS, 'CustomerNotification', data),
        correlationId: data.paymentId,
        causationId: data.causedBy,
      },
    ],
  };
}
