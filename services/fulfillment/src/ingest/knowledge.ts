import { PAYMENTS_EVENTS, PAYMENTS_INTENTS } from '@paylog/contracts';
import type { EventLog, ParkedRow } from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import {
  type Batch,
  decodeBatch,
  decodeOne,
  inputOf,
  messageOf,
  type Outcome,
} from '@paylog/kafka';
import type { Accepted } from '@paylog/kafka';

/** What one message adds to what is known of a payment: see sql/orders.sql. */
interface Learnt {
  readonly paymentId: string;
  readonly stateVersion?: number;
  readonly state?: unknown;
  readonly causedBy?: string;
  readonly cancelledBy?: string;
}

/** Writes down what is learnt, together with the offset; deciding follows, from what is then known. */
export class Knowledge {
  constructor(
    private readonly log: EventLog,
    private readonly group: string,
    /** Called after each commit. */
    private readonly wake: () => void,
  ) {}

  async takeEvents(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_EVENTS, this.group, batch);
    return this.commit(batch, accepted.map(fromEvent), parked);
  }

  async takeIntents(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_INTENTS, this.group, batch);
    return this.commit(batch, accepted.flatMap(fromIntent), parked);
  }

  async replay(rows: readonly ParkedRow[]): Promise<void> {
    const learnt = rows.flatMap((row) => {
      const message = messageOf(row);
      const events = message.topic === PAYMENTS_EVENTS;
      const decoded = events
        ? decodeOne(PAYMENTS_EVENTS, message)
        : decodeOne(PAYMENTS_INTENTS, message);
      if (typeof decoded === 'string')
        throw new Error(`${row.id} is still not readable: ${decoded}`);
      return events
        ? [fromEvent(decoded as Accepted<typeof PAYMENTS_EVENTS>)]
        : fromIntent(decoded as Accepted<typeof PAYMENTS_INTENTS>);
    });
    const settle = rows.map(({ id }) => ({ id, status: 'applied' as const }));
    await this.log.append([], { settle, effects: { learnt: latest(learnt) } });
    this.wake();
  }

  private async commit(
    batch: Batch,
    learnt: readonly Learnt[],
    parked: ReturnType<typeof decodeBatch>['parked'],
  ): Promise<Outcome> {
    await failpoint('fulfillment.learn.before');
    const answers = await this.log.append([], {
      input: inputOf(this.group, batch),
      parked,
      effects: { learnt: latest(learnt) },
    });
    await failpoint('fulfillment.learn.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
    this.wake();
    return 'committed';
  }
}

function fromEvent({ data }: Accepted<typeof PAYMENTS_EVENTS>): Learnt {
  const { paymentId, version, state, fact } = data;
  return { paymentId, stateVersion: version, state, causedBy: fact.id };
}

function fromIntent(message: Accepted<typeof PAYMENTS_INTENTS>): Learnt[] {
  if (message.type !== 'OrderMessageAccepted' || message.data.kind !== 'cancelled') return [];
  return [{ paymentId: message.data.paymentId, cancelledBy: message.id }];
}

/** One row a payment: a statement can't touch a row twice. */
function latest(learnt: readonly Learnt[]): Learnt[] {
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
