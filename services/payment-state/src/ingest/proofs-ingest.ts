import type { EventLog, FlushOptions, NewParked, ParkedRow } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { type Batch, inputOf, messageOf, type Outcome, parkedFrom } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import { type Proof, toProof } from './to-proof.js';

declareFailpoints(['payment-state.keep-proofs.before', 'payment-state.keep-proofs.after']);

/**
 * Keeps what vouches for payments, for evidence packs. Nobody waits for it, and nothing is decided by it: a message that
 * can't be read is parked without a hold on its payment, for the facts in it are read by the other group.
 */
export class ProofsIngest {
  constructor(
    private readonly log: EventLog,
    private readonly group: string,
    private readonly logger: Logger,
  ) {}

  /** A batch from Kafka. Whatever it holds, the offset moves past it in the commit of its effects. */
  take(batch: Batch): Promise<Outcome> {
    const proofs: Proof[] = [];
    const parked: NewParked[] = [];
    for (const message of batch.messages) {
      const read = toProof(message);
      if (typeof read === 'string') parked.push(parkedFrom(this.group, message, 'decode', read));
      else proofs.push(read);
    }
    return this.keep(proofs, { input: inputOf(this.group, batch), parked });
  }

  async replay(rows: readonly ParkedRow[]): Promise<void> {
    const proofs = rows.map((row) => {
      const read = toProof(messageOf(row));
      if (typeof read !== 'string') return read;
      throw new Error(`${row.id} is still not readable: ${read}`);
    });
    const settle = rows.map(({ id }) => ({ id, status: 'applied' as const }));
    await this.keep(proofs, { settle });
  }

  private async keep(proofs: readonly Proof[], options: FlushOptions): Promise<Outcome> {
    const effects = proofs.length > 0 ? { effects: { proofs } } : {};
    await failpoint('payment-state.keep-proofs.before');
    const answers = await this.log.append([], { ...options, ...effects });
    await failpoint('payment-state.keep-proofs.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
    for (const row of options.parked ?? []) this.tell(row);
    return 'committed';
  }

  private tell({ id, key, headers, source, partition, offset, stage, error }: NewParked): void {
    const place = { source, partition, offset: String(offset), stage, error };
    const ids = { eventId: headers['ce_id'], paymentId: key, parkedId: id };
    this.logger.warn({ ...ids, ...place }, 'message parked');
  }
}
