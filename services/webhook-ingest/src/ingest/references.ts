import { PAYMENTS_INTENTS } from '@paylog/contracts';
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

type Intents = Accepted<typeof PAYMENTS_INTENTS>;

/** Gateway ids that intent has learnt from its own calls: they tell whose a webhook is. */
export class References {
  constructor(
    private readonly facts: Pick<EventLog, 'append'>,
    private readonly group: string,
    /** Whoever stores a reference looks for rows that wait for it, after its own commit. */
    private readonly release: () => Promise<unknown>,
  ) {}

  take(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_INTENTS, this.group, batch);
    return this.learn(accepted, { input: inputOf(this.group, batch), parked });
  }

  /** Messages of intent that were parked here. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    const accepted = rows.map((row) => {
      const decoded = decodeOne(PAYMENTS_INTENTS, messageOf(row));
      if (typeof decoded !== 'string') return decoded;
      throw new Error(`${row.id} is still not readable: ${decoded}`);
    });
    await this.learn(accepted, { settle: rows.map(({ id }) => ({ id, status: 'applied' })) });
  }

  private async learn(messages: readonly Intents[], options: FlushOptions): Promise<Outcome> {
    const references = messages.flatMap(referenceIn);
    const effects = { references, orders: messages.flatMap(orderIn) };
    await failpoint('webhook-ingest.references.before');
    const answers = await this.facts.append([], { ...options, effects });
    await failpoint('webhook-ingest.references.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
    if (references.length > 0) await this.release();
    return 'committed';
  }
}

function referenceIn({ type, data }: Intents): { reference: string; paymentId: string }[] {
  if (type !== 'FactRecorded' || data.fact.type !== 'alias') return [];
  return [{ reference: data.fact.alias, paymentId: data.paymentId }];
}

function orderIn({ type, data }: Intents): { paymentId: string; orderId: string }[] {
  if (type !== 'IntentAccepted') return [];
  return [{ paymentId: data.paymentId, orderId: data.fact.orderId }];
}
