import {
  currentVersion,
  decodeMessage,
  factsOfTexts,
  factTextIn,
  fromWireFact,
  isMessageName,
  PAYMENTS_EVENTS,
  toWireFact,
} from '@paylog/contracts';
import type { LogRow } from '@paylog/event-sourcing';
import { addAll, empty, type Fact, type FactSet } from '@paylog/payment-domain';

/** One payment's stream as far as we have read it. */
export interface PaymentStream {
  readonly facts: FactSet;
  readonly version: number;
}

export const NEW_STREAM: PaymentStream = { facts: empty(), version: 0 };

type StoredEvent = Pick<LogRow, 'type' | 'data' | 'schemaVersion' | 'id'>;

export function streamOf(rows: readonly LogRow[]): PaymentStream {
  const [first, ...more] = rows;
  if (!first) return NEW_STREAM;
  const facts = factsIn(first.stream, rows.map(factTextOf));
  return { facts: addAll(empty(), facts), version: more.at(-1)?.version ?? first.version };
}

/**
 * The fact of a stored event, as text. One of the present version is taken as it stands there: it was checked before it
 * was written, and the state behind it, most of the event, is not needed. Any other is decoded, brought up and written anew.
 */
export function factTextOf(row: StoredEvent): string {
  const text = row.schemaVersion === presentVersion(row.type) ? factTextIn(row.data) : undefined;
  return text ?? JSON.stringify(toWireFact(decodedFactOf(row)));
}

const presentVersions = new Map<string, number>();

/** Kept, for it is asked for every event of a rebuild. */
function presentVersion(type: string): number {
  const known = presentVersions.get(type);
  if (known !== undefined) return known;
  const version = currentVersion(PAYMENTS_EVENTS, type);
  if (isMessageName(PAYMENTS_EVENTS, type)) presentVersions.set(type, version);
  return version;
}

/** Facts of one payment from their texts. Our own log can't hold anything else, so anything else is a fault. */
export function factsIn(paymentId: string, texts: readonly string[]): Fact[] {
  try {
    return factsOfTexts(texts);
  } catch (cause) {
    throw new Error(`the stored events of ${paymentId} can't be read: run verify`, { cause });
  }
}

function decodedFactOf(row: StoredEvent): Fact {
  const decoded = decodeMessage(PAYMENTS_EVENTS, row.type, row.data, row.schemaVersion);
  if (!decoded.ok) {
    throw new Error(
      `stored event ${row.id} (${row.type} v${row.schemaVersion}) doesn't decode: ${decoded.path} ${decoded.error}; ` +
        'add an upcaster for that version',
    );
  }
  return fromWireFact(decoded.data.fact);
}
