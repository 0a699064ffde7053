import {
  decodeMessage,
  fromWireMoney,
  looksLikeCardNumber,
  paymentId,
  STOREFRONT_ORDERS,
  type DecodedMessage,
} from '@paylog/contracts';
import type { OrderName, RefusedOperation } from '../intent/messages.js';
import { refusal, type Refusal } from '../intent/refusals.js';
import type { IntentRequest } from '../intent/requests.js';
import { readSplits } from './splits.js';

/** Who may ask for what, by configuration. */
export interface Storefronts {
  readonly mode: 'test' | 'live';
  readonly list: readonly { storefront: string; topic: string; account: string }[];
  /** Gateway by account. */
  readonly gateways: ReadonlyMap<string, string>;
}

export type OrderMessage = Extract<DecodedMessage<typeof STOREFRONT_ORDERS>, { ok: true }>;

/** A message that is nobody's request: parked, and refused aloud where we know to whom. */
export interface Unusable {
  readonly error: string;
  readonly refused?: {
    readonly order: OrderName;
    readonly operation: RefusedOperation;
    readonly refusal: Refusal;
  };
}

export type Read =
  { readonly ok: true; readonly message: OrderMessage } | ({ readonly ok: false } & Unusable);

/** One message of a storefront's topic, by its contract and by whom the topic belongs to. */
export function readOrderMessage(
  topic: string,
  type: string | undefined,
  value: Buffer | null,
  storefronts: Storefronts,
): Read {
  if (!type) return { ok: false, error: 'has no ce_type header' };
  const decoded = decodeMessage(STOREFRONT_ORDERS, type, value);
  if (!decoded.ok) {
    const field = decoded.path.replace(/^\//, '').replaceAll('/', '.');
    const error = `${type}: ${field || 'the message'} ${decoded.error}`;
    const reason = /card number/.test(decoded.error) ? 'card_number_in_text' : 'field_invalid';
    const told = toldTo(topic, type, value, storefronts, refusal(reason, field || undefined));
    return { ok: false, error, ...(told ? { refused: told } : {}) };
  }
  const { storefront } = decoded.data;
  if (isBound(storefronts, topic, storefront)) return { ok: true, message: decoded };
  return { ok: false, error: `${type}: storefront ${storefront} does not own the topic ${topic}` };
}

const OPERATION: Readonly<Record<string, RefusedOperation>> = {
  OrderPlaced: 'authorization',
  OrderReadyToShip: 'capture',
  OrderCancelled: 'void',
  RefundRequested: 'refund',
};

/** Enough of a bad message to say to whom: storefront and order id, if these at least are good. */
function toldTo(
  topic: string,
  type: string,
  value: Buffer | null,
  storefronts: Storefronts,
  why: Refusal,
): Unusable['refused'] {
  const operation = OPERATION[type];
  const { storefront, orderId, attempt } = fieldsOf(value);
  if (operation === undefined || typeof storefront !== 'string') return undefined;
  if (!isBound(storefronts, topic, storefront)) return undefined;
  if (typeof orderId !== 'string' || !/^\S(.{0,62}\S)?$/.test(orderId)) return undefined;
  if (looksLikeCardNumber(orderId)) return undefined;
  const counted =
    Number.isInteger(attempt) && (attempt as number) >= 1 && (attempt as number) <= 999;
  const number = counted ? (attempt as number) : 1;
  const order = orderName(storefronts, storefront, orderId, number);
  return { order, operation, refusal: why };
}

function fieldsOf(value: Buffer | null): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value?.toString('utf8') ?? '');
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {}; // Then nobody can be told; the dead letter is all there is.
  }
}

function isBound(storefronts: Storefronts, topic: string, storefront: string): boolean {
  return storefronts.list.some((each) => each.storefront === storefront && each.topic === topic);
}

export function orderName(
  { mode }: Storefronts,
  storefront: string,
  orderId: string,
  attempt: number,
): OrderName {
  const id = paymentId({ mode, storefront, orderId, attempt });
  return { paymentId: id, storefront, orderId, attempt };
}

/** What the payment service must know to call the gateway, and no log may hold. */
export interface PrivateDetails {
  readonly paymentMethod: string;
  readonly customerReference?: string;
  readonly returnUrl?: string;
}

export interface Asked {
  readonly request: IntentRequest;
  readonly details?: PrivateDetails;
}

/** The request a message stands for. `latestAttempt`: of this order, for messages that name none. */
export function toRequest(
  message: OrderMessage,
  meta: { id: string; at: string; latestAttempt: number },
  storefronts: Storefronts,
): Asked | { readonly refused: Refusal; readonly order: OrderName } {
  const { storefront, orderId } = message.data;
  const attempt = message.data.attempt ?? (message.type === 'OrderPlaced' ? 1 : meta.latestAttempt);
  const order = orderName(storefronts, storefront, orderId, attempt);
  const common = { ...order, id: meta.id, at: meta.at, byMessage: true };
  switch (message.type) {
    case 'OrderPlaced': {
      const { captureMode, paymentMethod, customerReference, shipping } = message.data;
      const amount = fromWireMoney(message.data.amount);
      const account = accountFor(storefronts, storefront, message.data.account);
      if (account === undefined) return { refused: refusal('account_unknown', 'account'), order };
      const shared = readSplits(message.data, amount);
      if ('refused' in shared) return { ...shared, order };
      return {
        request: {
          ...common,
          type: 'place',
          mode: storefronts.mode,
          amount,
          captureMode: captureMode === 'manual' ? 'manual' : 'automatic',
          ...account,
          ...shared,
          ...(shipping === 'parts' ? { shipping } : {}),
        },
        details: { paymentMethod, ...(customerReference ? { customerReference } : {}) },
      };
    }
    case 'OrderReadyToShip': {
      const { reference, amount, final } = message.data;
      const some = amount ? { amount: fromWireMoney(amount) } : {};
      const more = final === undefined ? {} : { final };
      return { request: { ...common, type: 'capture', reference, ...some, ...more } };
    }
    case 'OrderCancelled': {
      const { reason } = message.data;
      return { request: { ...common, type: 'cancel', ...(reason ? { reason } : {}) } };
    }
    case 'RefundRequested': {
      const { reference, amount, reason } = message.data;
      const some = amount ? { amount: fromWireMoney(amount) } : {};
      const told = reason ? { reason } : {};
      return { request: { ...common, type: 'refund', reference, ...some, ...told } };
    }
  }
}

/** A storefront's payments go through its own account; naming another one is an error, not a choice. */
export function accountFor(
  storefronts: Storefronts,
  storefront: string,
  asked: string | undefined,
): { account: string; gateway: string } | undefined {
  const own = storefronts.list.find((each) => each.storefront === storefront);
  if (!own || (asked !== undefined && asked !== own.account)) return undefined;
  const gateway = storefronts.gateways.get(own.account);
  return gateway === undefined ? undefined : { account: own.account, gateway };
}
