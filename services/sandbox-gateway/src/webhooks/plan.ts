import { chance } from '../chance.js';
import { behaviourOf, type WebhookFault } from '../gateway/behaviour.js';
import type { EventRecord, Store } from '../store.js';

/** One planned sending of an event. */
export interface Sending {
  readonly eventId: string;
  readonly delayMs: number;
  /** Signed with a secret that is not the endpoint's, once. The right one follows. */
  readonly signedWrong: boolean;
  /** A repeat after the acknowledgement: the same bytes, or slightly other ones. */
  readonly repeat: 'none' | 'same' | 'varied';
}

const JITTER_MS = 60;
const STEP_MS = 250;
const SECOND_DELIVERY_AFTER_MS = 120;

/** The first events of one payment are held back, each for longer than the next: the last always overtakes the first. */
const REORDERED_EVENTS = 6;

/**
 * How an event is sent, if at all, from the seed and from what the payment's token asks for. Even well-behaved payments get their
 * events in no particular order: every event waits a little, each for its own time.
 */
export function sendingsOf(store: Store, seed: string, event: EventRecord): readonly Sending[] {
  const fault = faultOf(store, event.paymentIntentId);
  const index = nextIndex(store, event.paymentIntentId);
  const draw = chance(seed, 'delay', keyOf(store, event.paymentIntentId), String(index));
  const first: Sending = {
    eventId: event.object.id,
    delayMs: Math.floor(draw * JITTER_MS),
    signedWrong: false,
    repeat: 'none',
  };
  const later = first.delayMs + SECOND_DELIVERY_AFTER_MS;
  switch (fault) {
    case undefined:
      return [first];
    case 'duplicated':
      return [first, { ...first, delayMs: later, repeat: 'same' }];
    case 'varied':
      return [first, { ...first, delayMs: later, repeat: 'varied' }];
    case 'never_sent':
      return [];
    case 'bad_signature':
      return index === 1 ? [{ ...first, signedWrong: true }] : [first];
    case 'reordered': {
      const held = Math.max(0, REORDERED_EVENTS - index) * STEP_MS;
      return [{ ...first, delayMs: held + Math.floor(draw * STEP_MS) }];
    }
  }
}

function faultOf(store: Store, intentId: string | undefined): WebhookFault | undefined {
  const method = store.get('intents', intentId ?? '')?.object.payment_method;
  return typeof method === 'string' ? behaviourOf(method)?.webhooks : undefined;
}

/** Counts the events of a payment, from 1. */
function nextIndex(store: Store, intentId: string | undefined): number {
  const record = store.get('intents', intentId ?? '');
  if (record === undefined || intentId === undefined) return 1;
  const events = record.events + 1;
  store.put('intents', intentId, { ...record, events });
  return events;
}

/** Our own id where there is one: the provider's differ from run to run. */
function keyOf(store: Store, intentId: string | undefined): string {
  const metadata = store.get('intents', intentId ?? '')?.object.metadata;
  return metadata?.['paylog_payment'] ?? intentId ?? '';
}
