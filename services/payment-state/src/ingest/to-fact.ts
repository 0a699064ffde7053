import {
  fromWireFact,
  GATEWAY_NOTIFICATIONS,
  PAYMENTS_INTENTS,
  SETTLEMENT_FACTS,
} from '@paylog/contracts';
import { type Accepted, type ConsumedMessage, decodeOne } from '@paylog/kafka';
import type { ReportedFact } from '../payment/decide.js';

export const FACT_TOPICS = [PAYMENTS_INTENTS, GATEWAY_NOTIFICATIONS, SETTLEMENT_FACTS] as const;
type FactTopic = (typeof FACT_TOPICS)[number];

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
  const { traceparent, correlationid } = message.headers;
  return {
    kind: 'fact',
    report: {
      paymentId,
      fact: fromWireFact(fact),
      ...(traceparent !== undefined && { traceparent }),
      ...(correlationid !== undefined && { correlationId: correlationid }),
    },
  };
}

type AnyMessage = { [T in FactTopic]: Accepted<T> }[FactTopic];
type FactMessage = Extract<AnyMessage, { type: 'IntentAccepted' | 'FactRecorded' }>;

function tellsFact(message: AnyMessage): message is FactMessage {
  return message.type === 'IntentAccepted' || message.type === 'FactRecorded';
}
