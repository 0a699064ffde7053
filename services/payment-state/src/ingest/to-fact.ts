import {
  fromWireFact,
  GATEWAY_NOTIFICATIONS,
  knownOf,
  PAYMENTS_INTENTS,
  SETTLEMENT_FACTS,
} from '@paylog/contracts';
import { type Accepted, type ConsumedMessage, decodeOne } from '@paylog/kafka';
import { parseTraceparent } from '@paylog/observability';
import type { ReportedFact } from '../payment/decide.js';

type FactTopic = typeof PAYMENTS_INTENTS | typeof GATEWAY_NOTIFICATIONS | typeof SETTLEMENT_FACTS;

export type Read =
  | { readonly kind: 'fact'; readonly report: ReportedFact }
  /** Tells no fact, such as a refusal. */
  | { readonly kind: 'other' }
  | { readonly kind: 'poison'; readonly error: string };

/** Contract message to fact. Never throws, whatever the bytes. */
export function toFact(message: ConsumedMessage): Read {
  const decoded: AnyMessage | string = decodeOne(message.topic as FactTopic, message);
  if (typeof decoded === 'string') return { kind: 'poison', error: decoded };
  if (!tellsFact(decoded)) return { kind: 'other' };
  const { paymentId, fact } = decoded.data;
  if (paymentId !== message.key) {
    return { kind: 'poison', error: `/paymentId is not the message's key ${message.key}` };
  }
  return {
    kind: 'fact',
    report: {
      paymentId,
      // What a newer writer adds is none of ours: our own events hold what their contract knows.
      fact: fromWireFact(knownOf(fact)),
      ...tracing(message.headers),
    },
  };
}

const CORRELATION = /^[\x21-\x7e]{1,128}$/;

/** Not covered by the schema: what isn't well-formed is left out, for it must not keep the fact from being stored. */
function tracing({ traceparent, correlationid = '' }: ConsumedMessage['headers']) {
  return {
    ...(traceparent !== undefined && parseTraceparent(traceparent) && { traceparent }),
    ...(CORRELATION.test(correlationid) && { correlationId: correlationid }),
  };
}

type AnyMessage = { [T in FactTopic]: Accepted<T> }[FactTopic];
type FactMessage = Extract<AnyMessage, { type: 'IntentAccepted' | 'FactRecorded' }>;

function tellsFact(message: AnyMessage): message is FactMessage {
  return message.type === 'IntentAccepted' || message.type === 'FactRecorded';
}
