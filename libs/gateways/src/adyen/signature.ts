import { createHmac } from 'node:crypto';
import type { GatewayAccount, WebhookSecret } from '../accounts.js';
import { secretBehind } from '../hmac.js';
import { parseJson } from '../json.js';
import { activeSecrets } from '../secrets.js';
import { signed, type Signed, type Unsigned, type Verified } from '../signed.js';
import { headerOf, type WebhookDelivery, type WebhookVerdict } from '../webhooks.js';

/** Of platform, management and tokenization webhooks: over the raw body. */
export const SIGNATURE_HEADER = 'hmacsignature';

/** More items than Adyen sends in one body: noise made to cost us time. */
const ITEMS_MAX = 1_000;

/** The fields of an item that its signature covers, as they were signed; nothing is known yet of what they hold. */
export interface SignedFields {
  readonly pspReference: unknown;
  readonly originalReference: unknown;
  readonly merchantAccountCode: unknown;
  readonly merchantReference: unknown;
  readonly amount: { readonly value: unknown; readonly currency: unknown };
  readonly eventCode: unknown;
  readonly success: unknown;
}

/** One `NotificationRequestItem`: what is signed of it, and all of it. */
export interface StandardItem {
  readonly fields: Signed<SignedFields>;
  readonly rest: Unsigned<Readonly<Record<string, unknown>>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Does one of the account's active keys vouch for every item, or, without items, for the whole body? Pure. */
export function verify(
  { body, headers, receivedAt }: WebhookDelivery,
  { webhookSecrets, adyen }: Pick<GatewayAccount, 'webhookSecrets' | 'adyen'>,
): WebhookVerdict {
  const keys = activeSecrets(webhookSecrets, receivedAt).filter(
    ({ value }) => keyOf(value) !== undefined,
  );
  if (keys.length === 0) return refused('no_active_secret');
  const parsed = parseJson(body);
  const items = parsed.ok ? rawItems(parsed.value) : undefined;
  if (items !== undefined) return verifyItems(items, keys, adyen?.merchantAccount);

  const signature = headerOf(headers, SIGNATURE_HEADER);
  if (signature === undefined || signature === '') {
    return refused(parsed.ok ? 'header_missing' : 'body_malformed');
  }
  const key = secretBehind(signature, 'base64', keys, body, keyOf);
  return key === undefined ? refused('signature_mismatch') : { valid: true, secretName: key.name };
}

/** The items of a verified standard webhook; undefined for a body of another kind. */
export function itemsOf(body: unknown): readonly StandardItem[] | undefined {
  return rawItems(body)?.map((item) => ({
    fields: signed(fieldsOf(item)),
    rest: { unsigned: item },
  }));
}

/** All of it: the header's signature covers the whole body. Only for a body without items. */
export const platformEvent = (_body: Verified, parsed: unknown): Signed<Fields> =>
  signed(objectOf(parsed) ?? {});

/** As Adyen signs an item: for the sandbox and for tests. */
export function itemSignature(item: Fields, hexKey: string): string {
  const data = dataToSign(fieldsOf(item)) ?? '';
  return createHmac('sha256', Buffer.from(hexKey, 'hex')).update(data).digest('base64');
}

/** As Adyen signs a body of the other kinds. */
export function bodySignature(body: Uint8Array, hexKey: string): string {
  return createHmac('sha256', Buffer.from(hexKey, 'hex')).update(body).digest('base64');
}

function verifyItems(
  items: readonly Fields[],
  keys: readonly WebhookSecret[],
  merchantAccount: string | undefined,
): WebhookVerdict {
  if (items.length === 0 || items.length > ITEMS_MAX) return refused('no_items');
  const matching = new Set<string>();
  for (const item of items) {
    const fields = fieldsOf(item);
    const data = dataToSign(fields);
    if (data === undefined) return refused('item_malformed');
    // The signed text has no escapes: only where all fields but the merchant's own reference are free of colons, and the
    // account is the one we know, there is one way to cut it into fields.
    if (fields.merchantAccountCode !== merchantAccount) return refused('merchant_account_mismatch');
    if (holdsColon(fields)) return refused('colon_in_signed_field');
    const signature = objectOf(item['additionalData'])?.['hmacSignature'];
    if (typeof signature !== 'string' || signature === '') return refused('signature_missing');
    const key = secretBehind(signature, 'base64', keys, data, keyOf);
    if (key === undefined) return refused('signature_mismatch');
    matching.add(key.name);
  }
  return { valid: true, secretName: [...matching].join(', ') };
}

function fieldsOf(item: Fields): SignedFields {
  const amount = objectOf(item['amount']);
  return {
    pspReference: item['pspReference'],
    originalReference: item['originalReference'],
    merchantAccountCode: item['merchantAccountCode'],
    merchantReference: item['merchantReference'],
    amount: { value: amount?.['value'], currency: amount?.['currency'] },
    eventCode: item['eventCode'],
    success: item['success'],
  };
}

/** Undefined where a field is no text or number: Adyen signs none such. */
function dataToSign(fields: SignedFields): string | undefined {
  const { amount, ...rest } = fields;
  const values = [
    rest.pspReference,
    rest.originalReference,
    rest.merchantAccountCode,
    rest.merchantReference,
    amount.value,
    amount.currency,
    rest.eventCode,
    rest.success,
  ].map(textOf);
  return values.includes(undefined) ? undefined : values.join(':');
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function holdsColon({ pspReference, originalReference, amount, eventCode, success }: SignedFields) {
  return [pspReference, originalReference, amount.value, amount.currency, eventCode, success].some(
    (value) => textOf(value)?.includes(':') === true,
  );
}

/** Undefined for a body without `notificationItems`. An item that is no object has no fields, and so no signature. */
function rawItems(body: unknown): readonly Fields[] | undefined {
  const items = objectOf(body)?.['notificationItems'];
  if (!Array.isArray(items)) return undefined;
  return items.map((item: unknown) => objectOf(objectOf(item)?.['NotificationRequestItem']) ?? {});
}

function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

/** An HMAC under what is no hex would be one under a shorter key, or none: anybody could make it. */
function keyOf(value: string): Buffer | undefined {
  return /^([0-9a-fA-F]{2}){16,}$/.test(value) ? Buffer.from(value, 'hex') : undefined;
}

const refused = (reason: string): WebhookVerdict => ({ valid: false, reason });
