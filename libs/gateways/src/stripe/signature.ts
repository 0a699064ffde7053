import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { WebhookSecret } from '../accounts.js';
import { activeSecrets } from '../secrets.js';
import { parseJson, type Parsed } from '../json.js';
import { signed, type Signed, type Verified } from '../signed.js';

/** How far `t` may be from the time of receipt, both ways. Never configurable to "off". */
export const TOLERANCE_SECONDS = 300;

/** A header may repeat `v1` during a rotation; more than this is noise made to cost us time. */
const SIGNATURES_MAX = 16;

export type SignatureVerdict =
  | { readonly valid: true; readonly secretName: string }
  | {
      readonly valid: false;
      readonly reason:
        | 'header_missing'
        | 'header_malformed'
        | 'no_v1_signature'
        | 'no_active_secret'
        | 'signature_mismatch'
        | 'too_old'
        | 'in_the_future';
    };

export interface SignedDelivery {
  /** The bytes as they came, before any decoding: those were signed. */
  readonly body: Uint8Array;
  /** The `Stripe-Signature` header. */
  readonly header: string | undefined;
  readonly secrets: readonly WebhookSecret[];
  /** RFC 3339: when the delivery arrived. A replay from evidence passes the stored time, not the present one. */
  readonly receivedAt: string;
}

/**
 * Does one of our active secrets vouch for these bytes? Pure: same bytes, same verdict, for ever.
 *
 * Differs from the official SDK in three listed ways (`fields.md`): a `t` from the future is refused, a body that
 * starts with a byte order mark is judged by its bytes, and the tolerance can't be switched off.
 */
export function verifySignature(delivery: SignedDelivery): SignatureVerdict {
  const { body, header, receivedAt } = delivery;
  if (header === undefined || header === '') return { valid: false, reason: 'header_missing' };
  const parsed = parseHeader(header);
  if (parsed === undefined) return { valid: false, reason: 'header_malformed' };
  if (parsed.signatures.length === 0) return { valid: false, reason: 'no_v1_signature' };

  const receivedMs = Date.parse(receivedAt);
  const active = activeSecrets(delivery.secrets, receivedAt);
  if (active.length === 0) return { valid: false, reason: 'no_active_secret' };

  const matching = active.find((secret) =>
    parsed.signatures.some((signature) => sameSignature(signature, secret, parsed.t, body)),
  );
  if (matching === undefined) return { valid: false, reason: 'signature_mismatch' };

  const ageSeconds = Math.floor(receivedMs / 1000) - parsed.seconds;
  if (ageSeconds > TOLERANCE_SECONDS) return { valid: false, reason: 'too_old' };
  if (ageSeconds < -TOLERANCE_SECONDS) return { valid: false, reason: 'in_the_future' };
  return { valid: true, secretName: matching.name };
}

/** Every field of a verified body: the signature covers all of them. */
export function parseBody(body: Verified): Parsed<Signed<unknown>> {
  const parsed = parseJson(body);
  return parsed.ok ? { ok: true, value: signed(parsed.value) } : parsed;
}

/** The header for a body, as the gateway makes it: for the sandbox and for tests. */
export function signatureHeader(body: Uint8Array, secret: string, seconds: number): string {
  return `t=${seconds},v1=${signatureOf(secret, String(seconds), body).toString('hex')}`;
}

interface ParsedHeader {
  /** As written: these characters were signed. */
  readonly t: string;
  readonly seconds: number;
  readonly signatures: readonly string[];
}

function parseHeader(header: string): ParsedHeader | undefined {
  let t: string | undefined;
  const signatures: string[] = [];
  for (const item of header.split(',')) {
    // The last `t` counts, as with the official SDK.
    if (item === 't' || item.startsWith('t=')) t = valueIn(item);
    else if (item.startsWith('v1=')) signatures.push(valueIn(item) ?? '');
  }
  if (t === undefined || !/^\d{1,12}$/.test(t)) return undefined;
  return { t, seconds: Number(t), signatures: signatures.slice(0, SIGNATURES_MAX) };
}

/** As with the official SDK, up to a second equals sign. */
function valueIn(item: string): string | undefined {
  return item.split('=')[1];
}

function signatureOf(secret: string, t: string, body: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${t}.`).update(body).digest();
}

function sameSignature(hex: string, secret: WebhookSecret, t: string, body: Uint8Array): boolean {
  if (!/^[0-9a-f]{64}$/.test(hex)) return false;
  return timingSafeEqual(Buffer.from(hex, 'latin1'), hmacHex(padsOf(secret), t, body));
}

/** A key as HMAC mixes it into its two hashes (RFC 2104). */
interface Pads {
  readonly inner: Buffer;
  /** With room behind it for the inner digest. */
  readonly outer: Buffer;
}

const SHA256 = { blockBytes: 64, digestBytes: 32 } as const;

/** HMAC from two hashes in one call each: an `Hmac` object a delivery costs more than what it computes. */
function hmacHex({ inner, outer }: Pads, t: string, body: Uint8Array): Buffer {
  // `t` is digits: a character is a byte.
  const signed = Buffer.allocUnsafe(inner.length + t.length + 1 + body.length);
  signed.set(inner);
  signed.write(`${t}.`, inner.length, 'latin1');
  signed.set(body, inner.length + t.length + 1);
  outer.write(hash('sha256', signed, 'binary'), SHA256.blockBytes, 'latin1');
  return Buffer.from(hash('sha256', outer, 'hex'), 'latin1');
}

const pads = new WeakMap<WebhookSecret, Pads>();

function padsOf(secret: WebhookSecret): Pads {
  const known = pads.get(secret);
  if (known) return known;
  const given = Buffer.from(secret.value, 'utf8');
  const key = given.length > SHA256.blockBytes ? hash('sha256', given, 'buffer') : given;
  const made = {
    inner: Buffer.alloc(SHA256.blockBytes, 0x36),
    outer: Buffer.alloc(SHA256.blockBytes + SHA256.digestBytes, 0x5c),
  };
  for (const [i, byte] of key.entries()) {
    made.inner[i] = byte ^ 0x36;
    made.outer[i] = byte ^ 0x5c;
  }
  pads.set(secret, made);
  return made;
}
