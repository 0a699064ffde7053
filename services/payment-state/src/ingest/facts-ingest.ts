import type { EventLog, FlushOptions, NewParked, ParkedRow } from '@paylog/event-sourcing';
import {
  type Batch,
  type CommandedLog,
  type ConsumedMessage,
  inputOf,
  messageOf,
  type Outcome,
  parkedFrom,
  passesByItself,
} from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import type { Accepted, ReportedFact } from '../payment/decide.js';
import { record } from '../payment/payment-book.js';
import type { Lift } from '../payment/parked-hold.js';
import { holdFor, liftFor } from './hold.js';
import { toFact } from './to-fact.js';
import { Turns } from './turns.js';

/** What is to be written for a batch: facts of good messages, and for each bad one a parked row and a hold on its payment. */
interface Plan {
  readonly reports: Map<ReportedFact, ConsumedMessage>;
  readonly holds: ReportedFact[];
  readonly parked: NewParked[];
}

/** Batches of facts into the payments log: decode, decide, one append that also moves the offset. */
export class FactsIngest {
  private readonly turns = new Turns();

  constructor(
    private readonly log: EventLog,
    private readonly group: string,
    private readonly logger: Logger,
  ) {}

  /** A batch from Kafka. Whatever it holds, the offset moves past it in the commit of its effects. */
  async take(batch: Batch): Promise<Outcome> {
    const plan: Plan = { reports: new Map(), holds: [], parked: [] };
    for (const message of batch.messages) {
      const read = toFact(message);
      if (read.kind === 'fact') plan.reports.set(read.report, message);
      if (read.kind === 'poison') this.park(plan, message, 'decode', read.error);
    }
    return this.turns.take(batch.partition, () =>
      this.write(plan, { input: inputOf(this.group, batch) }),
    );
  }

  /** The one message of this batch at which `take` fails again and again: parked with its hold, like other poison. */
  async takePoison(message: ConsumedMessage, error: unknown, batch: Batch): Promise<Outcome> {
    const plan: Plan = { reports: new Map(), holds: [], parked: [] };
    const reason = error instanceof Error ? error.message : String(error);
    this.park(plan, message, 'handle', reason);
    const input = inputOf(this.group, batch);
    try {
      return await this.write(plan, { input });
    } catch (failure) {
      if (passesByItself(failure)) throw failure;
      // Its payment's stream can't be read or added to: nothing of that payment goes on, but everybody else does.
      this.logger.error({ err: failure, paymentId: message.key }, 'parked without a hold');
      return this.write({ ...plan, holds: [] }, { input });
    }
  }

  /** Parked messages that an operator mended or wants tried again: as if they came now, and with the last the hold ends. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const message = messageOf(row);
      const read = toFact(message);
      if (read.kind === 'poison') throw new Error(`${row.id} is still not readable: ${read.error}`);
      const reports = read.kind === 'fact' ? [read.report] : [];
      const settle = [{ id: row.id, status: 'applied' as const }];
      const lifts = await this.liftsAfter(row);
      const recorded = await record(this.log, reports, { settle, lifts });
      if (recorded.outcome === 'committed' && recorded.unstorable[0]) {
        throw new Error(`${row.id} can't be stored: ${recorded.unstorable[0].error}`);
      }
      const orderId = recorded.outcome === 'committed' ? recorded.appended[0]?.orderId : undefined;
      const fields = { eventId: message.headers['ce_id'], paymentId: message.key, orderId };
      this.logger.info({ ...fields, parkedId: row.id }, 'parked message applied');
    }
  }

  /** The log as operators' commands see it: with a payment's last parked message its hold ends too, in one commit. */
  commanded(): CommandedLog {
    const { log } = this;
    return {
      append: (appends, options) => log.append(appends, options),
      offset: (source, partition) => log.offset(source, partition),
      markReady: (id, mended) => log.markReady(id, mended),
      discard: (id) => this.discard(id),
    };
  }

  private async discard(id: string): Promise<boolean> {
    const [row] = await this.log.parked({ id });
    if (!row) return false;
    const held = row.source.startsWith(`${this.group}/`);
    const lifts = held ? await this.liftsAfter(row) : [];
    await record(this.log, [], { settle: [{ id, status: 'discarded' }], lifts });
    return true;
  }

  /** What ends when this row is settled: nothing, while another message of its payment is parked. */
  private async liftsAfter(row: ParkedRow): Promise<Lift[]> {
    const lift = liftFor(messageOf(row), row.id);
    if (!lift) return [];
    const waiting = { key: lift.paymentId, group: this.group };
    const open = await this.log.listParked({ ...waiting, limit: 2 });
    return open.some(({ id }) => id !== row.id) ? [] : [lift];
  }

  private park(plan: Plan, message: ConsumedMessage, stage: 'decode' | 'handle', error: string) {
    const row = parkedFrom(this.group, message, stage, error);
    const hold = holdFor(message, row.id);
    plan.parked.push(row);
    if (hold) plan.holds.push(hold);
  }

  private async write(plan: Plan, options: FlushOptions): Promise<Outcome> {
    for (;;) {
      const reports = [...plan.reports.keys(), ...plan.holds];
      const recorded = await record(this.log, reports, { ...options, parked: plan.parked });
      if (recorded.outcome === 'fenced') return 'fenced';
      for (const accepted of recorded.appended) this.tell(plan, accepted);
      if (recorded.unstorable.length === 0) {
        this.tellParked(plan, recorded.appended);
        return 'committed';
      }
      for (const { report, error } of recorded.unstorable) {
        const message = plan.reports.get(report);
        if (!message) throw new Error(`a hold of ours can't be stored: ${error}`);
        plan.reports.delete(report);
        this.park(plan, message, 'handle', error);
      }
    }
  }

  /** One wide line a message that changed something. */
  private tell({ reports }: Plan, { report, orderId }: Accepted): void {
    const message = reports.get(report);
    if (!message) return;
    const { paymentId, fact } = report;
    const what = fact.type === 'operation' ? { kind: fact.kind, outcome: fact.outcome } : {};
    this.logger.info(
      { eventId: fact.id, paymentId, orderId, type: fact.type, ...what, ...placeOf(message) },
      'fact accepted',
    );
  }

  private tellParked({ parked }: Plan, appended: readonly Accepted[]): void {
    for (const row of parked) {
      const { id: parkedId, key, stage, error, headers } = row;
      const orderId = appended.find(({ report }) => report.paymentId === key)?.orderId;
      const topic = row.source.slice(this.group.length + 1);
      const fields = { eventId: headers['ce_id'], paymentId: key, orderId, parkedId, stage, error };
      this.logger.warn({ ...fields, ...placeOf({ ...row, topic }) }, 'message parked');
    }
  }
}

const placeOf = ({
  topic,
  partition,
  offset,
}: Pick<ConsumedMessage, 'topic' | 'partition' | 'offset'>) => ({
  topic,
  partition,
  offset: String(offset),
});
