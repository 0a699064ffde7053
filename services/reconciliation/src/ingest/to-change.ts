import {
  fromWireFact,
  fromWirePayment,
  fromWireTransition,
  PAYMENTS_EVENTS,
} from '@paylog/contracts';
import { type ConsumedMessage, decodeOne } from '@paylog/kafka';
import type { Change } from '../ledger/post.js';

export type Read =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'poison'; readonly error: string };

/** Contract message to change. Never throws, whatever the bytes. */
export function toChange(message: ConsumedMessage): Read {
  const decoded = decodeOne(PAYMENTS_EVENTS, message);
  if (typeof decoded === 'string') return { kind: 'poison', error: decoded };
  const { paymentId, version, fact, state, transitions } = decoded.data;
  if (paymentId !== message.key) {
    return { kind: 'poison', error: `/paymentId is not the message's key ${message.key}` };
  }
  const { traceparent } = message.headers;
  return {
    kind: 'change',
    change: {
      paymentId,
      version,
      fact: fromWireFact(fact),
      state: fromWirePayment(state),
      transitions: transitions.map(fromWireTransition),
      ...(traceparent !== undefined && { traceparent }),
    },
  };
}
