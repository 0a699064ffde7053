import { PAYMENTS_INTENTS } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import { type Batch, decodeBatch, inputOf, type Outcome } from '@paylog/kafka';

interface Reference {
  readonly reference: string;
  readonly paymentId: string;
}

/** Gateway ids that intent has learnt from its own calls: they tell whose a webhook is. */
export class References {
  constructor(
    private readonly facts: EventLog,
    private readonly group: string,
  ) {}

  async take(batch: Batch): Promise<Outcome> {
    const { accepted, parked } = decodeBatch(PAYMENTS_INTENTS, this.group, batch);
    const references = accepted.flatMap((message): Reference[] => {
      if (message.type !== 'FactRecorded' || message.data.fact.type !== 'alias') return [];
      return [{ reference: message.data.fact.alias, paymentId: message.data.paymentId }];
    });
    await failpoint('webhook-ingest.references.before');
    const answers = await this.facts.append([], {
      input: inputOf(this.group, batch),
      parked,
      effects: { references },
    });
    await failpoint('webhook-ingest.references.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
    await this.release(references);
    return 'committed';
  }

  /** Whoever stores a reference looks for rows that wait for it, after its own commit. */
  private async release(references: readonly Reference[]): Promise<void> {
    if (references.length === 0) return;
    const waiting = await this.facts.parked({
      status: 'parked',
      kind: 'unresolved',
      reference: references.map(({ reference }) => reference),
      limit: 1_000,
    });
    for (const { id } of waiting) await this.facts.markReady(id);
  }
}
