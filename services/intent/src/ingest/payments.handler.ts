import { GATEWAY_NOTIFICATIONS, PAYMENTS_EVENTS } from '@paylog/contracts';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { decodeBatch, decodeOne, inputOf } from '@paylog/kafka';
import type { Accepted, Batch, ConsumedMessage, Outcome } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import { markTold } from '../engine/work.sql.js';
import type { Intents } from '../intent/intents.js';

declareFailpoints(['intent.payments.before', 'intent.payments.after']);

export interface PaymentsOptions {
  readonly intents: Intents;
  readonly group: string;
  readonly unconfirmedGroup: string;
  readonly logger: Logger;
  readonly poke: () => void;
}

type PaymentEvent = Accepted<typeof PAYMENTS_EVENTS>;
type Notification = Accepted<typeof GATEWAY_NOTIFICATIONS>;

/** Our projection of what payment-state made of everybody's facts: last version of a payment wins. */
export class PaymentsHandler {
  constructor(private readonly options: PaymentsOptions) {}

  async onBatch(batch: Batch): Promise<Outcome> {
    const { intents, group, poke } = this.options;
    const { accepted, parked } = decodeBatch(PAYMENTS_EVENTS, group, batch);
    const now = new Date();
    await failpoint('intent.payments.before');
    const answers = await intents.log.append([], {
      input: inputOf(group, batch),
      parked,
      ...(accepted.length > 0 ? { effects: effectsOf(accepted, now) } : {}),
    });
    await failpoint('intent.payments.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
    for (const event of accepted) this.#log(event);
    poke();
    return 'committed';
  }

  /** A mended message: projected by itself, its offset was passed long ago. */
  async onParked(message: ConsumedMessage): Promise<void> {
    const { intents, poke } = this.options;
    const decoded = decodeOne(PAYMENTS_EVENTS, message);
    if (typeof decoded === 'string') throw new Error(decoded);
    await intents.log.append([], { effects: effectsOf([decoded], new Date()) });
    poke();
  }

  /** What a gateway told without a signature that covers it counts for nothing: we ask. */
  async onUnconfirmed(batch: Batch): Promise<Outcome> {
    const { intents, unconfirmedGroup } = this.options;
    const { accepted, parked } = decodeBatch(GATEWAY_NOTIFICATIONS, unconfirmedGroup, batch);
    // The wish first, the offset after it: asking twice does no harm.
    await this.#ask(accepted);
    const answers = await intents.log.append([], {
      input: inputOf(unconfirmedGroup, batch),
      parked,
    });
    return answers.some(({ status }) => status === 'offset_moved') ? 'fenced' : 'committed';
  }

  /** A mended notification, as if it came now. */
  async onParkedUnconfirmed(message: ConsumedMessage): Promise<void> {
    const decoded = decodeOne(GATEWAY_NOTIFICATIONS, message);
    if (typeof decoded === 'string') throw new Error(decoded);
    await this.#ask([decoded]);
  }

  async #ask(notifications: readonly Notification[]): Promise<void> {
    const { intents, logger, poke } = this.options;
    const told = notifications.filter(({ type }) => type === 'UnconfirmedFact');
    const ids = [...new Set(told.map(({ data }) => data.paymentId))];
    if (ids.length === 0) return;
    await markTold(intents.pool, ids, new Date());
    for (const { id, data } of told) {
      logger.info(
        { eventId: id, paymentId: data.paymentId },
        'unconfirmed fact: asking the gateway',
      );
    }
    poke();
  }

  #log({ id, type, data }: PaymentEvent): void {
    const { paymentId, version, state } = data;
    const orderId = state.terms?.orderId;
    this.options.logger.debug(
      { eventId: id, type, paymentId, orderId, version, label: state.label },
      'payment event projected',
    );
  }
}

/** One row a payment: the last of the batch, and whether anybody but us told something in it. */
function effectsOf(events: readonly PaymentEvent[], now: Date) {
  const last = new Map<string, PaymentEvent>();
  const told = new Set<string>();
  for (const event of events) {
    const { paymentId, fact, version } = event.data;
    if (!(version <= (last.get(paymentId)?.data.version ?? 0))) last.set(paymentId, event);
    if (fact.source === 'webhook' || fact.source === 'settlement' || fact.source === 'operator') {
      told.add(paymentId);
    }
  }
  const payments = [...last.values()].map(({ data }) => ({
    paymentId: data.paymentId,
    version: data.version,
    state: data.state,
    gatewayToldAt: told.has(data.paymentId) ? now.toISOString() : null,
  }));
  return { payments, touch: [...last.keys()] };
}
