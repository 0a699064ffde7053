import type { EventLog } from '@paylog/event-sourcing';
import type { OperationsCommand } from '@paylog/kafka';
import { counter, type Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import { adopt, type Adopting } from '../payment/adoption.js';
import { loadStreams, record } from '../payment/payment-book.js';
import { NEW_STREAM } from '../payment/payment-stream.js';
import { findByOrder } from '../query/payments.sql.js';

type AdoptPayment = Extract<OperationsCommand, { type: 'AdoptPayment' }>['data'];

const adoptionsTotal = counter(
  'paylog_adoptions_total',
  'Adoptions asked for, by what became of them',
  ['outcome'],
);

/** Each is over in two, unless others write to the found payment between our read and our append. */
const ROUNDS_MAX = 20;

/** Gives payments that were found at a gateway to the orders that an operator names. */
export class Adoptions {
  constructor(
    private readonly pool: Pool,
    private readonly log: EventLog,
    private readonly logger: Logger,
  ) {}

  /** Stands being called twice for a command, by two processes too. */
  async obey(command: OperationsCommand): Promise<void> {
    if (command.type === 'AdoptPayment') await this.adopt(command.data);
  }

  private async adopt(data: AdoptPayment): Promise<void> {
    const { paymentId: payment, storefront, orderId, operator, reason } = data;
    const into = await this.paymentOf(data);
    if (into === undefined) return this.tell(data, undefined, 'no_such_attempt');
    const at = new Date().toISOString();
    const adopting: Adopting = { payment, into, storefront, orderId, operator, reason, at };
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      const streams = await loadStreams(this.log, [...new Set([payment, into])]);
      const stream = (id: string) => streams.get(id) ?? NEW_STREAM;
      const adopted = adopt(adopting, stream(payment), stream(into));
      if (adopted.outcome === 'refused') return this.tell(data, into, adopted.reason);
      if (adopted.facts.length === 0) return this.tell(data, into, 'adopted');
      // What another process has just said of the same adoption differs in its time only: it is found said in the next round.
      await record(this.log, adopted.facts, {});
    }
    throw new Error(`${payment}: others kept writing to it for ${ROUNDS_MAX} rounds`);
  }

  /** The order's own payment: of the attempt named, else of the last; where it has none, the found one itself. */
  private async paymentOf(data: AdoptPayment): Promise<string | undefined> {
    const rows = await findByOrder(this.pool, data.orderId, data.storefront);
    const own = rows.filter(({ state }) => state.terms !== undefined);
    if (data.attempt === undefined) return own.at(-1)?.payment_id ?? data.paymentId;
    return own.find(({ state }) => state.terms?.attempt === data.attempt)?.payment_id;
  }

  private tell(data: AdoptPayment, into: string | undefined, outcome: string): void {
    adoptionsTotal.inc({ outcome });
    const { paymentId, storefront, orderId, operator, reason } = data;
    const fields = { paymentId, into, storefront, orderId, operator, reason };
    if (outcome === 'adopted') this.logger.info(fields, 'found payment adopted');
    else this.logger.warn({ ...fields, why: outcome }, 'adoption refused');
  }
}
