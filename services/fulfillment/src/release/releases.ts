import {
  encode,
  factId,
  FULFILLMENT_EVENTS,
  fromWirePayment,
  partitionOf,
} from '@paylog/contracts';
import type { Append, AppendAnswer, EventLog, LogRow } from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import type { TermsFact } from '@paylog/payment-domain';
import type { Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import { type Decision, type DecisionType, nextDecision } from './decide.js';
import { type DueRow, duePayments } from './knowledge.sql.js';

interface Decided {
  readonly due: DueRow;
  readonly append?: Append;
  readonly decision?: Decision;
}

const AT_ONCE = 256;

/**
 * Decides about goods whose payment has news. What was learnt is durable and marked due before anything is decided, so a
 * crash anywhere resumes by asking again. Several processes may decide at once: versions and keys let one of them win.
 */
export class Releases {
  constructor(
    private readonly pool: Pool,
    private readonly log: EventLog,
    private readonly logger: Logger,
  ) {}

  /** Whether there may be more to do at once. */
  async round(): Promise<boolean> {
    const due = await duePayments(this.pool, AT_ONCE);
    if (due.length === 0) return false;
    const decisions = await this.log.readStreams(due.map(({ payment_id }) => payment_id));
    const decided = due.map((row) => decide(row, decisions.get(row.payment_id) ?? []));
    await this.write(decided);
    return due.length === AT_ONCE;
  }

  private async write(decided: readonly Decided[]): Promise<void> {
    const withAppend = decided.filter(({ append }) => append !== undefined);
    const answers = await this.append(
      withAppend.flatMap(({ append }) => append ?? []),
      [],
    );
    const settled = new Set(decided.filter(({ append }) => append === undefined));
    withAppend.forEach((each, i) => {
      if (this.isSettled(each, answers[i])) settled.add(each);
    });
    // Second, so that a mark outlives a decision that did not go through.
    await this.append([], [...settled]);
  }

  private async append(appends: readonly Append[], settled: readonly Decided[]) {
    if (appends.length === 0 && settled.length === 0) return [];
    const marks = settled.map(({ due }) => ({ paymentId: due.payment_id, revision: due.revision }));
    await failpoint('fulfillment.decide.before');
    const answers = await this.log.append(appends, { effects: { decided: marks } });
    await failpoint('fulfillment.decide.after');
    return answers;
  }

  /** A conflict leaves the mark: the next round decides again, from what the other process wrote. */
  private isSettled({ due, append, decision }: Decided, answer: AppendAnswer | undefined): boolean {
    const eventId = append?.rows[0]?.id;
    const fields = {
      eventId,
      paymentId: due.payment_id,
      orderId: due.state?.terms?.orderId,
      ...decision,
    };
    switch (answer?.status) {
      case 'appended':
        // The decision may have a successor (held, then released), so the mark stays for one more look.
        this.logger.info(fields, 'goods decided');
        return false;
      case 'duplicate':
        return true;
      case 'same_key_other_content':
        // Another attempt of the order has released the goods: once an order, whoever pays twice.
        this.logger.error(
          fields,
          'the order is released already, by another payment: a person must look',
        );
        return true;
      case 'refused':
        this.logger.error({ ...fields, why: answer.reason }, 'a decision can not be stored');
        return false;
      default:
        return false;
    }
  }
}

function decide(due: DueRow, rows: readonly LogRow[]): Decided {
  const payment = due.state && fromWirePayment(due.state);
  if (!payment?.terms) return { due };
  const decided = rows.at(-1)?.type as DecisionType | undefined;
  const decision = nextDecision({ payment, cancelled: due.cancelled_by !== null, decided });
  if (!decision) return { due };
  return { due, decision, append: toAppend(due, payment.terms, decision, rows.length) };
}

type Terms = Pick<TermsFact, 'storefront' | 'orderId'>;

/** A release is keyed by the order and its part, not by payment or event: once an order, for ever. */
function toAppend(due: DueRow, terms: Terms, decision: Decision, version: number): Append {
  const paymentId = due.payment_id;
  const { storefront, orderId } = terms;
  const part = 'all';
  const released = decision.type === 'FulfillmentReleased';
  const key = released
    ? `released:${storefront}:${orderId}:${part}`
    : `${decision.type}:${paymentId}:${version}`;
  const causedBy = due.cancelled_by ?? due.caused_by ?? paymentId;
  const id = factId('fulfillment', key, paymentId);
  return {
    lane: partitionOf(paymentId),
    stream: paymentId,
    expectedVersion: version,
    key,
    rows: [
      {
        id,
        type: decision.type,
        schemaVersion: 1,
        source: 'fulfillment',
        time: new Date().toISOString(),
        data: encode(FULFILLMENT_EVENTS, decision.type, {
          paymentId,
          storefront,
          orderId,
          part,
          reason: decision.reason,
          causedBy,
        }),
        correlationId: paymentId,
        causationId: causedBy,
      },
    ],
  };
}
