import {
  currentVersion,
  decodeMessage,
  encode,
  factId,
  fromWireFact,
  fromWireMoney,
  PAYMENTS_INTENTS,
  toWireFact,
  toWireMoney,
} from '@paylog/contracts';
import type { LogRow, NewRow } from '@paylog/event-sourcing';
import type { IntentMessage, RecordedMessage } from '../intent/messages.js';

/** What is true of all rows of one append. */
export interface Cause {
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Id of the request, of the message, or of the engine's step that leads here. */
  readonly id: string;
  readonly correlationId?: string;
  readonly traceparent?: string;
}

const SOURCE = 'paylog/intent';

/** A message as a row: its data are the bytes that go to `payments.intents.v1`. */
export function toRow(message: IntentMessage, cause: Cause): NewRow {
  return {
    id: idOf(message, cause),
    type: message.type,
    schemaVersion: currentVersion(PAYMENTS_INTENTS, message.type),
    source: SOURCE,
    time: cause.at,
    data: toData(message),
    causationId: cause.id,
    ...(cause.correlationId === undefined ? {} : { correlationId: cause.correlationId }),
    ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
  };
}

function idOf(message: IntentMessage, cause: Cause): string {
  switch (message.type) {
    case 'IntentAccepted':
    case 'FactRecorded':
      return message.data.fact.id;
    case 'IntentRefused':
    case 'IntentConflicted':
    case 'OrderMessageAccepted':
      return factId(message.type, message.data.paymentId, cause.id);
  }
}

function toData(message: IntentMessage): Buffer {
  switch (message.type) {
    case 'IntentAccepted': {
      const { paymentId, fact } = message.data;
      return encode(PAYMENTS_INTENTS, message.type, { paymentId, fact: toWireFact(fact) });
    }
    case 'FactRecorded': {
      const { paymentId, fact } = message.data;
      return encode(PAYMENTS_INTENTS, message.type, { paymentId, fact: toWireFact(fact) });
    }
    case 'IntentRefused':
      return encode(PAYMENTS_INTENTS, message.type, message.data);
    case 'IntentConflicted':
      return encode(PAYMENTS_INTENTS, message.type, message.data);
    case 'OrderMessageAccepted': {
      const { amount, ...rest } = message.data;
      const wire = amount ? { amount: toWireMoney(amount) } : {};
      return encode(PAYMENTS_INTENTS, message.type, { ...rest, ...wire });
    }
  }
}

/** A stored row that our own contract can't read: history is never skipped, so this stops the payment. */
export class UnreadableRow extends Error {
  readonly code = 'unreadable_row';
  readonly transient = false;
}

/** A stored row as the pure core reads it. */
export function fromRow(row: LogRow): RecordedMessage {
  const decoded = decodeMessage(PAYMENTS_INTENTS, row.type, row.data, row.schemaVersion);
  if (!decoded.ok) {
    throw new UnreadableRow(
      `row ${row.version} of ${row.stream} (${row.type} ${row.schemaVersion}) can't be read: ` +
        `${decoded.path} ${decoded.error}. Give libs/contracts an upcaster for it`,
    );
  }
  const { causationId } = row;
  return {
    message: fromWire(decoded),
    at: row.time,
    ...(causationId === undefined ? {} : { causedBy: causationId }),
  };
}

type Wire = Extract<ReturnType<typeof decodeMessage<typeof PAYMENTS_INTENTS>>, { ok: true }>;

function fromWire(wire: Wire): IntentMessage {
  switch (wire.type) {
    case 'IntentAccepted': {
      const { paymentId, fact } = wire.data;
      return { type: wire.type, data: { paymentId, fact: fromWireFact(fact) } };
    }
    case 'FactRecorded': {
      const { paymentId, fact } = wire.data;
      return { type: wire.type, data: { paymentId, fact: fromWireFact(fact) } };
    }
    case 'IntentRefused':
      return { type: wire.type, data: wire.data as Refused };
    case 'IntentConflicted':
      return { type: wire.type, data: wire.data };
    case 'OrderMessageAccepted': {
      const { amount, ...rest } = wire.data;
      return {
        type: wire.type,
        data: { ...rest, ...(amount ? { amount: fromWireMoney(amount) } : {}) },
      };
    }
  }
}

/** Names are open texts on the wire, so that a reader of today reads what is written tomorrow. */
type Refused = Extract<IntentMessage, { type: 'IntentRefused' }>['data'];
