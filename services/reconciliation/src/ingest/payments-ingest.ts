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
import type { Pool } from 'pg';
import { record } from '../ledger/ledger-book.js';
import type { Change } from '../ledger/post.js';
import { toChange } from './to-change.js';

const now = () => new Date().toISOString();

/** Events of payments into the ledger: decode, post, one append that also moves the offset. */
export class PaymentsIngest {
  constructor(
    private readonly pool: Pool,
    private readonly log: EventLog,
    private readonly group: string,
    private readonly logger: Logger,
  ) {}

  /** A batch from Kafka. Whatever it holds, the offset moves past it in the commit of its effects. */
  async take(batch: Batch): Promise<Outcome> {
    const changes = new Map<ConsumedMessage, Change>();
    const parked: NewParked[] = [];
    for (const message of batch.messages) {
      const read = toChange(message);
      if (read.kind === 'change') changes.set(message, read.change);
      else parked.push(this.park(message, 'decode', read.error));
    }
    const options = { input: inputOf(this.group, batch) };
    for (;;) {
      const recorded = await this.record([...changes.values()], { ...options, parked });
      if (recorded.outcome === 'fenced') return 'fenced';
      if (recorded.unstorable.length === 0) {
        this.tell(changes, recorded.posted);
        return 'committed';
      }
      for (const { change, error } of recorded.unstorable) {
        for (const [message, own] of changes) {
          if (own !== change) continue;
          changes.delete(message);
          parked.push(this.park(message, 'handle', error));
        }
      }
    }
  }

  /** Parked messages that an operator mended or wants tried again: as if they came now. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const read = toChange(messageOf(row));
      if (read.kind === 'poison') throw new Error(`${row.id} is still not readable: ${read.error}`);
      const settle = [{ id: row.id, status: 'applied' as const }];
      const recorded = await this.record([read.change], { settle });
      if (recorded.outcome === 'committed' && recorded.unstorable[0]) {
        throw new Error(`${row.id} can't be stored: ${recorded.unstorable[0].error}`);
      }
      const { paymentId, version } = read.change;
      this.logger.info({ parkedId: row.id, paymentId, version }, 'parked message applied');
    }
  }

  private record(changes: readonly Change[], options: FlushOptions) {
    return record(this.pool, this.log, changes, options, now);
  }

  private park(message: ConsumedMessage, stage: 'decode' | 'handle', error: string): NewParked {
    const row = parkedFrom(this.group, message, stage, error);
    const { topic, partition, offset } = message;
    const where = { topic, partition, offset: String(offset) };
    this.logger.warn(
      { parkedId: row.id, paymentId: message.key, ...where, stage, error },
      'message parked',
    );
    return row;
  }

  /** One wide line a message. */
  private tell(changes: ReadonlyMap<ConsumedMessage, Change>, posted: readonly Change[]): void {
    const moved = new Set(posted);
    for (const [{ topic, partition, offset }, change] of changes) {
      const { paymentId, version, fact, state } = change;
      const where = { topic, partition, offset: String(offset) };
      this.logger.info(
        {
          eventId: fact.id,
          paymentId,
          orderId: state.terms?.orderId,
          version,
          label: state.label,
          posted: moved.has(change),
          ...where,
        },
        'payment event read',
      );
    }
  }
}
