import { GROUPS } from '@paylog/contracts';
import type { EventLog, ParkedRow } from '@paylog/event-sourcing';
import { messageOf, type ConsumedMessage } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import type { OrdersHandler } from './orders.handler.js';

export interface ReplayParts {
  readonly log: EventLog;
  readonly orders: OrdersHandler;
  /** Projects one message of `payments.events.v1` without moving any offset. */
  readonly projectPayment: (message: ConsumedMessage) => Promise<void>;
  /** Asks the gateway about what one message of `gateway.notifications.v1` leaves unconfirmed. */
  readonly askAbout: (message: ConsumedMessage) => Promise<void>;
}

/** Rows that an operator made ready: handled like messages, and settled. Throws with what is still wrong. */
export async function replayParked(rows: readonly ParkedRow[], parts: ReplayParts): Promise<void> {
  for (const row of rows) {
    const message = messageOf(row);
    if (row.source.startsWith(`${GROUPS.intentOrders.group}/`)) {
      // Not yet judged: it stays, and the sweep takes it when it can be.
      await parts.orders.onParked(message, row.id);
    } else if (row.source.startsWith(`${GROUPS.intentPayments.group}/`)) {
      await parts.projectPayment(message);
      await parts.log.append([], { settle: [{ id: row.id, status: 'applied' }] });
    } else if (row.source.startsWith(`${GROUPS.intentUnconfirmed.group}/`)) {
      await parts.askAbout(message);
      await parts.log.append([], { settle: [{ id: row.id, status: 'applied' }] });
    } else {
      throw new Error(`nothing in this service replays messages of ${row.source}: discard the row`);
    }
  }
}

/**
 * Messages that came too early (the attempt before is still open, the authorization still in doubt) are looked at again
 * until they can be judged. A sweep rather than a wake-up: few, short-lived, and then nothing can be missed.
 */
export async function sweepEarly(
  log: EventLog,
  orders: OrdersHandler,
  logger: Logger,
): Promise<void> {
  const rows = await log.parked({ status: 'parked', kind: 'unresolved', limit: 200 });
  for (const row of rows) {
    try {
      await orders.onParked(messageOf(row), row.id);
    } catch (error) {
      logger.warn({ err: error, parkedId: row.id }, 'an early message could not be judged');
    }
  }
}
