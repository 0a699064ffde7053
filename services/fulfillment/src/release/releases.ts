import { fromWirePayment } from '@paylog/contracts';
import type { Append, AppendAnswer, EventLog } from '@paylog/event-sourcing';
import { crossing, declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Logger } from '@paylog/observability';
import { appendInFlushes, stands } from '@paylog/service';
import type { Pool } from 'pg';
import { type Decision, nextDecision } from './decide.js';
import { toAppend } from './decision-event.js';
import { type DueRow, duePayments } from './knowledge.sql.js';

declareFailpoints(['fulfillment.decide.before', 'fulfillment.decide.after']);
const atSettle = crossing('fulfillment.settle');

interface Decided {
  readonly due: DueRow;
  readonly decision: Decision;
  readonly append: Append;
  /** Nothing follows from it by itself: when it is stored, what is known now has been seen. */
  readonly last: boolean;
}

const AT_ONCE = 256;
/** What can't be decided about is left alone this long: a person has to mend something. */
const REST_MS = 30_000;
const ELSEWHERE = { type: 'FulfillmentHeld', reason: 'order_released_already' } as const;

/**
 * Decides about goods whose payment has news. What was learnt is durable and marked due before anything is decided, so a
 * crash anywhere resumes by asking again. Several processes may decide at once: versions and keys let one of them win.
 */
export class Releases {
  readonly #resting = new Map<string, number>();

  constructor(
    private readonly pool: Pool,
    private readonly log: EventLog,
    private readonly logger: Logger,
  ) {}

  /** Whether there may be more to do at once. */
  async round(): Promise<boolean> {
    const now = Date.now();
    for (const [id, until] of this.#resting) if (until < now) this.#resting.delete(id);
    const due = await duePayments(this.pool, AT_ONCE, [...this.#resting.keys()]);
    if (due.length === 0) return false;
    const settled: DueRow[] = [];
    const decided: Decided[] = [];
    for (const row of due) {
      const decision = this.decide(row);
      if (decision === 'nothing') settled.push(row);
      else if (decision) decided.push(decision);
    }
    const wrote = await this.write(decided, settled);
    return wrote || due.length === AT_ONCE;
  }

  /** Undefined when it fails: one payment's fault must not keep the others' goods back. */
  private decide(due: DueRow): Decided | 'nothing' | undefined {
    try {
      const payment = due.state && fromWirePayment(due.state);
      if (!payment?.terms) return 'nothing';
      const { parked } = due;
      const cancelled = due.cancelled_by !== null;
      const decided = new Map(Object.entries(due.decided ?? {}));
      const goods = { payment, cancelled, parked, decided };
      const decision = nextDecision(goods);
      if (!decision) return 'nothing';
      const last = !nextDecision({
        ...goods,
        decided: new Map([...decided, [decision.part, decision.type]]),
      });
      const append = toAppend(causeOf(due), payment.terms, decision, due.decisions);
      return { due, decision, append, last };
    } catch (error) {
      this.rest(due, error);
      return undefined;
    }
  }

  /**
   * Decisions and, in the same commit, the marks of whom nothing more is to be decided about. They go with it only when
   * every decision went through: otherwise they come after it, and a mark outlives its decision.
   */
  private async write(decided: readonly Decided[], settled: readonly DueRow[]): Promise<boolean> {
    const appends = decided.map(({ append }) => append);
    const seen = [...settled, ...decided.filter(({ last }) => last).map(({ due }) => due)];
    const answers = appends.length > 0 ? await this.append(appends, seen) : [];
    const together = appends.length > 0 && answers.every(stands);
    const done = together ? [] : [...settled];
    const elsewhere: Append[] = [];
    decided.forEach((each, i) => {
      const answer = answers[i];
      this.tell(each, answer);
      const marked = together && each.last;
      if (answer?.status === 'duplicate' && !marked) done.push(each.due);
      if (answer?.status !== 'same_key_other_content') return;
      // Another attempt's payment has released the order. Said once, on the topic; the mark stays until it is said.
      if (each.due.decided?.[each.decision.part] === 'FulfillmentHeld') done.push(each.due);
      else elsewhere.push(heldInstead(each));
    });
    const held = elsewhere.length > 0 ? await this.append(elsewhere, []) : [];
    if (done.length > 0) {
      await atSettle(() => this.log.append([], { effects: { decided: marksOf(done) } }));
    }
    // What was appended and has no mark may have a successor (held, then released): look once more.
    const unmarked = (i: number): boolean => !together || decided[i]?.last === false;
    return (
      answers.some(({ status }, i) => status === 'appended' && unmarked(i)) ||
      held.some(({ status }) => status === 'appended')
    );
  }

  private async append(
    appends: readonly Append[],
    seen: readonly DueRow[],
  ): Promise<AppendAnswer[]> {
    await failpoint('fulfillment.decide.before');
    const effects = { decided: marksOf(seen) };
    const answers = await appendInFlushes(this.log, appends, seen.length > 0 ? { effects } : {});
    await failpoint('fulfillment.decide.after');
    return answers;
  }

  private tell({ due, decision, append }: Decided, answer: AppendAnswer | undefined): void {
    const eventId = append.rows[0]?.id;
    const paymentId = due.payment_id;
    const fields = { eventId, paymentId, orderId: due.state?.terms?.orderId, ...decision };
    switch (answer?.status) {
      case 'appended':
        return this.logger.info(fields, 'goods decided');
      case 'same_key_other_content':
        return this.logger.error(
          fields,
          'released already, by another payment: a person must look',
        );
      case 'refused':
        return this.rest(due, new Error(answer.reason));
      default:
        // A conflict leaves the mark: the next round decides again, from what the other process wrote.
        return;
    }
  }

  private rest({ payment_id, state }: DueRow, error: unknown): void {
    this.#resting.set(payment_id, Date.now() + REST_MS);
    const fields = { paymentId: payment_id, orderId: state?.terms?.orderId, err: error };
    this.logger.error(fields, 'no decision about these goods; tried again in 30 s');
  }
}

const causeOf = ({ payment_id, cancelled_by, caused_by }: DueRow) => ({
  paymentId: payment_id,
  causedBy: cancelled_by ?? caused_by ?? payment_id,
});

const marksOf = (seen: readonly DueRow[]) =>
  seen.map(({ payment_id, revision }) => ({ paymentId: payment_id, revision }));

function heldInstead({ due, decision: { part }, append }: Decided): Append {
  const terms = due.state?.terms;
  if (!terms) throw new Error('decided about goods without terms');
  return toAppend(causeOf(due), terms, { part, ...ELSEWHERE }, append.expectedVersion);
}
