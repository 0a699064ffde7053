import { PAYMENTS_INTENTS } from '@paylog/contracts';
import type { EventLog, ParkedRow } from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import {
  type Accepted,
  type Batch,
  decodeBatch,
  decodeOne,
  inputOf,
  messageOf,
  type Outcome,
} from '@paylog/kafka';

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
    const references = accepted.flatMap(referencesIn);
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

  /** Parked messages of the topic that were mended: their offset was passed long ago. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const message = decodeOne(PAYMENTS_INTENTS, messageOf(row));
      if (typeof message === 'string') {
        throw new Error(`${row.id} is still not readable: ${message}`);
      }
      const references = referencesIn(message);
      const settle = [{ id: row.id, status: 'applied' as const }];
      await this.facts.append([], { settle, effects: { references } });
      await this.release(references);
    }
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

function referencesIn({ type, data }: Accepted<typeof PAYMENTS_INTENTS>): Reference[] {
  if (type !== 'FactRecorded' || data.fact.type !== 'alias') return [];
  return [{ reference: data.fact.alias, paymentId: data.paymentId }];
}
