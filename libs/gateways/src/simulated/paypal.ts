import { createPrivateKey, randomUUID } from 'node:crypto';
import { isoDecimals } from '@paylog/contracts';
import { formatMajor, type Money } from '@paylog/payment-domain';
import { paypalDecimals } from '../paypal/currency.js';
import { HEADERS, signatureOf } from '../paypal/signature.js';
import { EVENT_TYPES } from '../paypal/to-facts.js';
import { cannot, simulatedId, type Happening, type SimulatedWebhook } from './happening.js';

export const PAYPAL_EVENTS: readonly string[] = EVENT_TYPES;

export type PayPalFields = Readonly<Record<string, unknown>>;

export interface PayPalSigner {
  readonly webhookId: string;
  /** Where the certificate is that the key belongs to. */
  readonly certificateUrl: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** What a delivery is known by; a new one where nothing is said. */
export interface Transmission {
  readonly id?: string;
  readonly time?: string;
}

/** One event as PayPal writes it. */
export function paypalEvent(happening: Happening): PayPalFields {
  const { event, story, at } = happening;
  if (!PAYPAL_EVENTS.includes(event)) throw cannot('paypal', event);
  return {
    id: simulatedId('WH-', story, `${event}/${at}`),
    create_time: at,
    event_type: event,
    event_version: '1.0',
    resource_version: '2.0',
    resource: event.includes('DISPUTE') ? disputeOf(happening) : movementOf(happening),
  };
}

function movementOf({ event, story, amount, paymentId }: Happening): PayPalFields {
  const authorization = simulatedId('AUTH', story, 'authorization');
  const capture = simulatedId('CAP', story, 'capture');
  const [, what = '', status = ''] = event.split('.');
  const up = (kind: string, id: string) => [
    { rel: 'up', method: 'GET', href: `https://api.sandbox.paypal.com/v2/payments/${kind}/${id}` },
  ];
  const common = {
    amount: moneyOf(amount, event),
    ...(paymentId === undefined ? {} : { custom_id: paymentId }),
  };
  if (what === 'AUTHORIZATION') {
    return { ...common, id: authorization, status, links: [] };
  }
  if (status === 'REFUNDED' || status === 'REVERSED') {
    const id = simulatedId('REF', story, status);
    return { ...common, id, status: 'COMPLETED', links: up('captures', capture) };
  }
  return { ...common, id: capture, status, links: up('authorizations', authorization) };
}

function disputeOf({ event, story, amount, paymentId }: Happening): PayPalFields {
  const resolved = event.endsWith('RESOLVED');
  return {
    dispute_id: simulatedId('PP-D-', story, 'dispute'),
    disputed_transactions: [
      {
        seller_transaction_id: simulatedId('CAP', story, 'capture'),
        ...(paymentId === undefined ? {} : { custom: paymentId }),
      },
    ],
    reason: 'MERCHANDISE_OR_SERVICE_NOT_RECEIVED',
    status: resolved ? 'RESOLVED' : 'WAITING_FOR_SELLER_RESPONSE',
    dispute_amount: moneyOf(amount, event),
    dispute_life_cycle_stage: event.endsWith('CREATED') ? 'INQUIRY' : 'CHARGEBACK',
    ...(resolved ? { dispute_outcome: { outcome_code: 'RESOLVED_SELLER_FAVOUR' } } : {}),
  };
}

function moneyOf({ minor, currency }: Money, event: string): PayPalFields {
  if (paypalDecimals(currency) !== isoDecimals(currency)) {
    throw cannot('paypal', event, `no amounts of ${currency} here`);
  }
  return { currency_code: currency, value: formatMajor(minor, isoDecimals(currency)) };
}

/** A delivery, its envelope signed. The same body under the same transmission is a repeat. */
export function paypalWebhook(
  event: PayPalFields | Buffer,
  signer: PayPalSigner,
  { id = randomUUID(), time = new Date().toISOString() }: Transmission = {},
): SimulatedWebhook {
  const body = Buffer.isBuffer(event) ? event : Buffer.from(JSON.stringify(event));
  const { webhookId, certificateUrl, privateKey } = signer;
  const signature = signatureOf(body, { id, time, webhookId }, createPrivateKey(privateKey));
  const headers = {
    'content-type': 'application/json',
    [HEADERS.id]: id,
    [HEADERS.time]: time,
    [HEADERS.signature]: signature,
    [HEADERS.certificate]: certificateUrl,
    [HEADERS.algorithm]: 'SHA256withRSA',
  };
  return { body, headers };
}
