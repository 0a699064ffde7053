import type { EventLog, FlushOptions, NewParked, ParkedRow } from '@paylog/event-sourcing';
import {
  type Batch,
  type ConsumedMessage,
  inputOf,
  messageOf,
  type Outcome,
  parkedFrom,
} from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import type { ReportedFact } from '../payment/decide.js';
import { record } from '../payment/payment-book.js';
import { holdFor, releaseFor } from './hold.js';
import { type Read, toFact } from './to-fact.js';

interface Item {
  readonly message: ConsumedMessage;
  readonly read: Read;
}

/** What is to be written for a batch: facts of good messages, and a parked row with a hold for each bad one. */
interface Plan {
  readonly reports: Map<ConsumedMessage, ReportedFact>;
  readonly holds: ReportedFact[];
  readonly parked: NewParked[];
}

/** Batches of facts into the payments log: decode, decide, one append that also moves the offset. */
export class FactsIngest {
  constructor(
    private readonly log: EventLog,
    private readonly group: string,
    private readonly logger: Logger,
  ) {}

  /** A batch from Kafka. Whatever it holds, the offset moves past it in the commit of its effects. */
  async take(batch: Batch): Promise<Outcome> {
    const items = batch.messages.map((message) => ({ message, read: toFact(message) }));
    const plan = this.planFor(items);
    return this.write(items, plan, { input: inputOf(this.group, batch) });
  }

  /** Parked messages that an operator mended or wants tried again: as if they came now, and their holds end. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const message = messageOf(row);
      const read = toFact(message);
      if (read.kind === 'poison') throw new Error(`${row.id} is still not readable: ${read.error}`);
      const release = releaseFor(message, row.id);
      const reports = [
        ...(read.kind === 'fact' ? [read.report] : []),
        ...(release ? [release] : []),
      ];
      const recorded = await record(this.log, reports, {
        settle: [{ id: row.id, status: 'applied' }],
      });
      if (recorded.outcome === 'committed' && recorded.unstorable[0]) {
        throw new Error(`${row.id} can't be stored: ${recorded.unstorable[0].error}`);
      }
      this.logger.info({ parkedId: row.id, paymentId: message.key }, 'parked message applied');
    }
  }

  /** The log as operators' commands see it: with a discarded message its hold ends too, in one commit. */
  endingHolds(log: EventLog): EventLog {
    const discard = async (id: string): Promise<boolean> => {
      const row = (await log.parked({ limit: 10_000 })).find((open) => open.id === id);
      if (!row) return false;
      const release = releaseFor(messageOf(row), id);
      const settle = [{ id, status: 'discarded' as const }];
      await record(log, release ? [release] : [], { settle });
      return true;
    };
    return new Proxy(log, {
      get: (target, name) => {
        if (name === 'discard') return discard;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  private planFor(items: readonly Item[]): Plan {
    const plan: Plan = { reports: new Map(), holds: [], parked: [] };
    for (const { message, read } of items) {
      if (read.kind === 'fact') plan.reports.set(message, read.report);
      if (read.kind === 'poison') this.park(plan, message, 'decode', read.error);
    }
    return plan;
  }

  private park(plan: Plan, message: ConsumedMessage, stage: 'decode' | 'handle', error: string) {
    const row = parkedFrom(this.group, message, stage, error);
    const hold = holdFor(message, row.id);
    plan.reports.delete(message);
    plan.parked.push(row);
    if (hold) plan.holds.push(hold);
    const { topic, partition, offset } = message;
    const fields = { parkedId: row.id, topic, partition, offset: String(offset), stage, error };
    this.logger.warn({ ...fields, paymentId: message.key }, 'message parked');
  }

  private async write(items: readonly Item[], plan: Plan, options: FlushOptions): Promise<Outcome> {
    for (;;) {
      const reports = [...plan.reports.values(), ...plan.holds];
      const recorded = await record(this.log, reports, { ...options, parked: plan.parked });
      if (recorded.outcome === 'fenced') return 'fenced';
      this.tell(items, recorded.appended);
      if (recorded.unstorable.length === 0) return 'committed';
      for (const { report, error } of recorded.unstorable) {
        const message = [...plan.reports].find(([, own]) => own === report)?.[0];
        if (!message) throw new Error(`a hold of ours can't be stored: ${error}`);
        this.park(plan, message, 'handle', error);
      }
    }
  }

  /** One wide line a message that changed something. */
  private tell(items: readonly Item[], appended: readonly ReportedFact[]): void {
    const fresh = new Set(appended);
    for (const { message, read } of items) {
      if (read.kind !== 'fact' || !fresh.has(read.report)) continue;
      const { paymentId, fact } = read.report;
      const { topic, partition, offset } = message;
      const orderId = fact.type === 'terms' ? fact.orderId : undefined;
      const what = fact.type === 'operation' ? { kind: fact.kind, outcome: fact.outcome } : {};
      const where = { topic, partition, offset: String(offset) };
      this.logger.info(
        { eventId: fact.id, paymentId, orderId, type: fact.type, ...what, ...where },
        'fact accepted',
      );
    }
  }
}
