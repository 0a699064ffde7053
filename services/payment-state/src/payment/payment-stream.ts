import { decodeMessage, fromWireFact, PAYMENTS_EVENTS } from '@paylog/contracts';
import type { LogRow } from '@paylog/event-sourcing';
import { addAll, empty, type Fact, type FactSet } from '@paylog/payment-domain';

/** One payment's stream as far as we have read it. */
export interface PaymentStream {
  readonly facts: FactSet;
  readonly version: number;
}

export const NEW_STREAM: PaymentStream = { facts: empty(), version: 0 };

/** The fact a stored event carries. Our own log can't hold anything else, so anything else is a fault. */
export function factOfRow(row: Pick<LogRow, 'type' | 'data' | 'schemaVersion' | 'id'>): Fact {
  const decoded = decodeMessage(PAYMENTS_EVENTS, row.type, row.data, row.schemaVersion);
  if (!decoded.ok) {
    throw new Error(
      `stored event ${row.id} (${row.type} v${row.schemaVersion}) doesn't decode: ${decoded.path} ${decoded.error}; ` +
        'add an upcaster for that version',
    );
  }
  return fromWireFact(decoded.data.fact);
}

export function streamOf(rows: readonly LogRow[]): PaymentStream {
  return { facts: addAll(empty(), rows.map(factOfRow)), version: rows.at(-1)?.version ?? 0 };
}
