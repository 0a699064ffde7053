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
import type {
  Append,
  EventLog,
  FlushOptions,
  FollowedBatch,
  LogRow,
  ParkedRow,
} from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import {
  type Accepted,
  type Batch,
  decodeBatch,
  decodeOne,
  inputOf,
  messageOf,
  type Outcome,
} from '@paylog/kafka';
import { streamVersions } from '@paylog/service';
import type { Pool } from 'pg';
import { noticesOf } from './notices.js';

type Notification = MessageData<typeof CUSTOMER_NOTIFICATIONS, 'CustomerNotification'>;

interface Telling {
  readonly key: string;
  readonly time: string;
  readonly data: Notification;
}

const ATTEMPTS_MAX = 20;

/** Payment events and our own releases → what the customer is told, each thing once. */
export class Notifier {
  constructor(
    private readonly pool: Pool,
    private readonly log: EventLog,
    private readonly group: string,
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
      if (typeof decoded === 'string')
        throw new Error(`${row.id} is still not readable: ${decoded}`);
      await this.write(tellingsOf(decoded), { settle: [{ id: row.id, status: 'applied' }] });
    }
  }

  private async write(tellings: readonly Telling[], options: FlushOptions): Promise<Outcome> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const fresh = await this.fresh(tellings);
      const appends = await this.versioned(fresh);
      await failpoint('fulfillment.notify.before');
      const answers = await this.log.append(appends.slice(0, 256), options);
      await failpoint('fulfillment.notify.after');
      if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
      if (answers.every(({ status }) => status === 'appended' || status === 'duplicate'))
        return 'committed';
      if (!answers.some(({ status }) => status === 'version_conflict')) {
        throw new Error(`a notification can't be stored: ${JSON.stringify(answers)}`);
      }
    }
    throw new Error(
      `${ATTEMPTS_MAX} appends in a row met another writer of the same notifications`,
    );
  }

  /** Not told before; each once in this batch. */
  private async fresh(tellings: readonly Telling[]): Promise<Telling[]> {
    const byKey = new Map<string, Telling>();
    for (const telling of tellings) if (!byKey.has(telling.key)) byKey.set(telling.key, telling);
    const { rows } = await this.pool.query<{ key: string }>({
      name: 'told-before',
      text: 'select key from notifications.keys where key = any($1)',
      values: [[...byKey.keys()]],
    });
    for (const { key } of rows) byKey.delete(key);
    return [...byKey.values()];
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
}

function tellingsOf({ data, message }: Accepted<typeof PAYMENTS_EVENTS>): Telling[] {
  const { paymentId, state, fact } = data;
  const { terms } = state;
  if (!terms) return [];
  const { storefront, orderId } = terms;
  return noticesOf(paymentId, state).map(({ key, kind, ...rest }) => ({
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

function tellingOfRelease({ id, type, schemaVersion, data, time }: LogRow): Telling[] {
  if (type !== 'FulfillmentReleased') return [];
  const decoded = decode(FULFILLMENT_EVENTS, type, data, schemaVersion);
  if (!decoded.ok) throw new Error(`our own ${type} ${id} doesn't decode: ${decoded.error}`);
  const { paymentId, storefront, orderId } = decoded.data;
  const kind = 'order_released';
  const messageKey = `customer.${kind}`;
  return [
    {
      key: `${kind}:${storefront}:${orderId}`,
      time,
      data: { paymentId, storefront, orderId, kind, messageKey, causedBy: id },
    },
  ];
}

function toAppend({ key, time, data }: Telling, version: number): Append {
  return {
    lane: partitionOf(data.paymentId),
    stream: data.paymentId,
    expectedVersion: version,
    key,
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
