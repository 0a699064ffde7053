import type Stripe from 'stripe';
import type { EventRecord, Store } from '../store.js';
import { newId } from './new-id.js';
import type { Caller } from './world.js';

/** The API version whose objects the sandbox speaks: the SDK's. */
export const API_VERSION = '2026-10-28.endive';

type EventOf<T extends Stripe.Event['type']> = Extract<Stripe.Event, { type: T }>;

/** Events the sandbox emits. */
export type Emitted = Extract<
  Stripe.Event['type'],
  | `payment_intent.${string}`
  | `charge.${string}`
  | `refund.${string}`
  | `payout.${string}`
  | `review.${string}`
  | `transfer.${string}`
  | `radar.early_fraud_warning.${string}`
  | `reporting.report_run.${string}`
>;

export interface Occasion {
  readonly account: string;
  readonly caller: Caller | undefined;
  readonly paymentIntentId?: string;
  readonly at: number;
}

/** Only calls of the API have one. */
function requestIdOf(caller: Caller | undefined): string | null {
  return caller === undefined || caller.requestId === '' ? null : caller.requestId;
}

/** Writes events down as the provider would tell them. Sending is somebody else's work. */
export class Emitter {
  readonly #store: Store;
  #listener: (id: string) => void = () => undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  onEvent(listener: (id: string) => void): void {
    this.#listener = listener;
  }

  emit<T extends Emitted>(
    occasion: Occasion,
    type: T,
    object: EventOf<T>['data']['object'],
    previous?: Record<string, unknown>,
  ): void {
    const id = newId('evt');
    const event = {
      id,
      object: 'event',
      api_version: API_VERSION,
      created: occasion.at,
      // A copy: the event tells the object as it was.
      data: {
        object: structuredClone(object),
        ...(previous === undefined ? {} : { previous_attributes: previous }),
      },
      livemode: false,
      pending_webhooks: 1,
      request: {
        id: requestIdOf(occasion.caller),
        idempotency_key: occasion.caller?.idempotencyKey ?? null,
      },
      type,
    };
    const record: EventRecord = {
      account: occasion.account,
      // Type and object were checked together above; what the compiler can't follow is that T is one of the union.
      object: event as unknown as Stripe.Event,
      ...(occasion.paymentIntentId === undefined
        ? {}
        : { paymentIntentId: occasion.paymentIntentId }),
      delivered: false,
    };
    this.#store.put('events', id, record);
    this.#listener(id);
  }
}
