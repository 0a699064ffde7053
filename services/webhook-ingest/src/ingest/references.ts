import { PAYMENTS_INTENTS, SETTLEMENT_FACTS } from '@paylog/contracts';
import type { EventLog, FlushOptions, ParkedRow } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import {
  type Accepted,
  type Batch,
  decodeBatch,
  decodeOne,
  inputOf,
  messageOf,
  type Outcome,
} from '@paylog/kafka';

declareFailpoints(['webhook-ingest.references.before', 'webhook-ingest.references.after']);

type Topic = typeof PAYMENTS_INTENTS | typeof SETTLEMENT_FACTS;
type Intents = Accepted<typeof PAYMENTS_INTENTS>;
type Settled = Accepted<typeof SETTLEMENT_FACTS>;

/**
 * Gateway ids that lead to payments: those that intent has learnt from its own calls, and those of payments that a report
 * named before their webhooks were given to anybody. They tell whose a webhook is.
 */
export class References {
  constructor(
    private readonly facts: Pick<EventLog, 'append'>,
    private readonly group: string,
    /** Whoever stores a reference looks for rows that wait for it, after its own commit. */
    private readonly release: () => Promise<unknown>,
  ) {}

  take(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_INTENTS, this.group, batch);
    return this.learn(learntFrom(accepted), { input: inputOf(this.group, batch), parked });
  }

  takeSettled(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(SETTLEMENT_FACTS, this.group, batch);
    const references = accepted.flatMap(foundIn);
    return this.learn({ references, orders: [] }, { input: inputOf(this.group, batch), parked });
  }

  /** Messages that were parked here. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const settle = [{ id: row.id, status: 'applied' as const }];
      if (messageOf(row).topic === SETTLEMENT_FACTS) {
        const references = foundIn(decoded(SETTLEMENT_FACTS, row));
        await this.learn({ references, orders: [] }, { settle });
      } else {
        await this.learn(learntFrom([decoded(PAYMENTS_INTENTS, row)]), { settle });
      }
    }
  }

  private async learn(effects: Learnt, options: FlushOptions): Promise<Outcome> {
    const { references } = effects;
    await failpoint('webhook-ingest.references.before');
    const answers = await this.facts.append([], { ...options, effects });
    await failpoint('webhook-ingest.references.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
    if (references.length > 0) await this.release();
    return 'committed';
  }
}

function decoded<T extends Topic>(topic: T, row: ParkedRow): Accepted<T> {
  const message = decodeOne(topic, messageOf(row));
  if (typeof message !== 'string') return message;
  throw new Error(`${row.id} is still not readable: ${message}`);
}

interface Learnt {
  readonly references: readonly { readonly reference: string; readonly paymentId: string }[];
  readonly orders: readonly { readonly paymentId: string; readonly orderId: string }[];
}

const learntFrom = (messages: readonly Intents[]): Learnt => ({
  references: messages.flatMap(referenceIn),
  orders: messages.flatMap(orderIn),
});

/** What a report names is found at once: its webhooks need not wait any longer. */
function foundIn({ data: { paymentId, fact } }: Settled): Learnt['references'] {
  return fact.type === 'origin' ? [{ reference: fact.object, paymentId }] : [];
}

function referenceIn({ type, data }: Intents): { reference: string; paymentId: string }[] {
  if (type !== 'FactRecorded' || data.fact.type !== 'alias') return [];
  return [{ reference: data.fact.alias, paymentId: data.paymentId }];
}

function orderIn({ type, data }: Intents): { paymentId: string; orderId: string }[] {
  if (type !== 'IntentAccepted') return [];
  return [{ paymentId: data.paymentId, orderId: data.fact.orderId }];
}
