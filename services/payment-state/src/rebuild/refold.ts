import type { LogRow } from '@paylog/event-sourcing';
import { addAll, empty, type Fact, paymentOf } from '@paylog/payment-domain';
import { effectsOf } from '../payment/decide.js';
import { factOfRow } from '../payment/payment-stream.js';

/** A row of the read model, and the event time it is as new as. */
export type Refolded = ReturnType<typeof effectsOf> & { readonly updatedAt: string };

interface Gathered {
  readonly facts: Fact[];
  version: number;
  time: string;
}

/** One lane's payments as their facts come in. Only facts are taken: the states that events carry are what is checked. */
export class LaneRefold {
  readonly #streams = new Map<string, Gathered>();

  /** Rows may repeat, as a topic's do: a fact counts once, the highest version stands. */
  add(rows: Iterable<LogRow>): void {
    for (const row of rows) {
      const fact = factOfRow(row);
      const known = this.#streams.get(row.stream);
      if (!known) {
        this.#streams.set(row.stream, { facts: [fact], version: row.version, time: row.time });
      } else {
        known.facts.push(fact);
        if (row.version > known.version) [known.version, known.time] = [row.version, row.time];
      }
    }
  }

  *payments(): Generator<Refolded> {
    for (const [paymentId, { facts, version, time }] of this.#streams) {
      const payment = paymentOf(addAll(empty(), facts));
      yield { ...effectsOf(paymentId, version, payment), updatedAt: time };
    }
  }
}
