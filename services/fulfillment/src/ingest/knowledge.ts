import { PAYMENTS_EVENTS, PAYMENTS_INTENTS } from '@paylog/contracts';
import type { EventLog, FlushOptions, NewParked, ParkedRow } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import {
  type Accepted,
  type Batch,
  type CommandedLog,
  type ConsumedMessage,
  decodeBatch,
  decodeOne,
  inputOf,
  messageOf,
  type Outcome,
  parkedFrom,
} from '@paylog/kafka';
import type { Logger } from '@paylog/observability';

declareFailpoints(['fulfillment.learn.before', 'fulfillment.learn.after']);

/** What one message adds to what is known of a payment: see sql/orders.sql. */
export interface Learnt {
  readonly paymentId: string;
  readonly stateVersion?: number;
  readonly state?: unknown;
  readonly causedBy?: string;
  readonly cancelledBy?: string;
}

/** As long as an id in our messages may be. */
const ID_CHARS_MAX = 64;

/** Writes down what is learnt, together with the offset; deciding follows, from what is then known. */
export class Knowledge {
  constructor(
    private readonly log: EventLog,
    private readonly group: string,
    private readonly logger: Logger,
    /** Called after each commit. */
    private readonly wake: () => void,
  ) {}

  async takeEvents(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_EVENTS, this.group, batch);
    return this.learn(accepted.map(fromEvent), { input: inputOf(this.group, batch), parked });
  }

  async takeIntents(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_INTENTS, this.group, batch);
    return this.learn(accepted.flatMap(fromIntent), { input: inputOf(this.group, batch), parked });
  }

  /** The one message of this batch that nobody gets past. */
  takePoison(message: ConsumedMessage, error: unknown, batch: Batch): Promise<Outcome> {
    const reason = error instanceof Error ? error.message : String(error);
    const parked = [parkedFrom(this.group, message, 'handle', reason)];
    return this.learn([], { input: inputOf(this.group, batch), parked });
  }

  async replay(rows: readonly ParkedRow[]): Promise<void> {
    const learnt = rows.flatMap((row) => {
      const read = readAgain(messageOf(row));
      if (typeof read !== 'string') return read;
      throw new Error(`${row.id} is still not readable: ${read}`);
    });
    const settle = rows.map(({ id }) => ({ id, status: 'applied' as const }));
    await this.learn(learnt, { settle }, rows.map(keyOf));
  }

  /** The log as operators' commands see it: what a discarded message held up is looked at again, in one commit. */
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
    await this.learn([], { settle: [{ id, status: 'discarded' }] }, [keyOf(row)]);
    return true;
  }

  private async learn(
    learnt: readonly Learnt[],
    options: FlushOptions,
    settled: readonly string[] = [],
  ): Promise<Outcome> {
    const parked = options.parked ?? [];
    const effects = { learnt: latest(learnt), touched: [...settled, ...parked.map(keyOf)] };
    await failpoint('fulfillment.learn.before');
    const answers = await this.log.append([], { ...options, effects });
    await failpoint('fulfillment.learn.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
    for (const row of parked) this.tell(row);
    this.wake();
    return 'committed';
  }

  private tell({ id, key, headers, source, partition, offset, stage, error }: NewParked): void {
    const place = { source, partition, offset: String(offset), stage, error };
    const ids = { eventId: headers['ce_id'], paymentId: key, parkedId: id };
    this.logger.warn({ ...ids, ...place }, 'message parked');
  }
}

const keyOf = ({ key }: Pick<NewParked, 'key'>): string => key ?? '';

function readAgain(message: ConsumedMessage): Learnt[] | string {
  if (message.topic === PAYMENTS_EVENTS) {
    const decoded = decodeOne(PAYMENTS_EVENTS, message);
    return typeof decoded === 'string' ? decoded : [fromEvent(decoded)];
  }
  const decoded = decodeOne(PAYMENTS_INTENTS, message);
  return typeof decoded === 'string' ? decoded : fromIntent(decoded);
}

function fromEvent({ data }: Accepted<typeof PAYMENTS_EVENTS>): Learnt {
  const { paymentId, version, state, fact } = data;
  return { paymentId, stateVersion: version, state, causedBy: fact.id };
}

function fromIntent({ type, data, id }: Accepted<typeof PAYMENTS_INTENTS>): Learnt[] {
  if (type !== 'OrderMessageAccepted' || data.kind !== 'cancelled') return [];
  return [{ paymentId: data.paymentId, cancelledBy: id.slice(0, ID_CHARS_MAX) }];
}

/** One row a payment, since a statement can't touch a row twice: the latest state, and the first cancellation. */
export function latest(learnt: readonly Learnt[]): Learnt[] {
  const merged = new Map<string, Learnt>();
  for (const each of learnt) {
    const held = merged.get(each.paymentId);
    const newer = (each.stateVersion ?? 0) > (held?.stateVersion ?? 0);
    const cancelledBy = held?.cancelledBy ?? each.cancelledBy;
    const state = newer || !held ? each : held;
    merged.set(each.paymentId, { ...state, ...(cancelledBy !== undefined && { cancelledBy }) });
  }
  return [...merged.values()];
}
