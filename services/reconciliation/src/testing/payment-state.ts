import { decodeMessage, fromWireFact, SETTLEMENT_FACTS } from '@paylog/contracts';
import type { Fact } from '@paylog/payment-domain';
import type { Service } from './database.js';
import { changesOfPayment } from './payments.js';

/** Facts of payments as payment-state has them: it also hears what reports have told, and tells everything as events. */
export class PaymentStateInMemory {
  readonly #facts = new Map<string, Fact[]>();

  constructor(private readonly service: Service) {}

  async tell(paymentId: string, facts: readonly Fact[]): Promise<void> {
    const known = this.#facts.get(paymentId) ?? [];
    const news = facts.filter(({ id }) => !known.some((each) => each.id === id));
    const all = [...known, ...news];
    this.#facts.set(paymentId, all);
    await this.service.tell(...changesOfPayment(paymentId, all).slice(known.length));
  }

  /** What reconciliation has published comes back. Answers how many facts there are. */
  async hear(): Promise<number> {
    const log = this.service.logs.settlement;
    let heard = 0;
    for (let lane = 0; lane < log.lanes; lane++) {
      for (const { type, data } of await log.readLane(lane, 0n, 10_000)) {
        const message = decodeMessage(SETTLEMENT_FACTS, type, data);
        if (!message.ok) throw new Error(message.error);
        await this.tell(message.data.paymentId, [fromWireFact(message.data.fact)]);
        heard += 1;
      }
    }
    return heard;
  }
}
