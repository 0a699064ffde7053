import { hash } from 'node:crypto';

const BASE32 = Buffer.from('abcdefghijklmnopqrstuvwxyz234567');
const ID_CHARS = 26;

/** Prefix of an operation id by the operation's kind. */
const OPERATION_PREFIX = {
  session: 'ses',
  authorization: 'aut',
  capture: 'cap',
  void: 'voi',
  refund: 'ref',
  hold: 'hol',
  participant_payout: 'par',
  participant_payout_reversal: 'prv',
} as const;

/** Kinds of operations that have ids of ours. */
export type OperationKind = keyof typeof OPERATION_PREFIX;

/** What an order's attempt is known by; the same order gives the same payment. */
export interface PaymentIdentity {
  readonly mode: 'test' | 'live';
  readonly storefront: string;
  readonly orderId: string;
  /** From 1. */
  readonly attempt: number;
}

/**
 * An id that follows from its parts: three letters and 26 lower-case base32 characters (130 bits of sha256). Parts are
 * length-prefixed, so ('ab', 'c') and ('a', 'bc') differ. 29 characters, no `-` or `:` (limits of gateways).
 */
export function stableId(prefix: string, ...parts: readonly string[]): string {
  let length = 4 + Buffer.byteLength(prefix);
  for (const part of parts) length += 4 + Buffer.byteLength(part);
  const bytes = Buffer.allocUnsafe(length);
  let at = writePart(bytes, prefix, 0);
  for (const part of parts) at = writePart(bytes, part, at);
  // As text of a character a byte: a Buffer of its own would cost more than the hash.
  return prefix + base32(hash('sha256', bytes, 'binary'));
}

function writePart(bytes: Buffer, part: string, at: number): number {
  const length = bytes.write(part, at + 4);
  bytes.writeUInt32BE(length, at);
  return at + 4 + length;
}

/** Payment id: `pay` + hash of mode, storefront, order id and attempt. */
export function paymentId(identity: PaymentIdentity): string {
  const { mode, storefront, orderId, attempt } = identity;
  return stableId('pay', mode, storefront, orderId, String(attempt));
}

/** What a payment is known by that a gateway told us of and nobody asked us for. */
export interface FoundAt {
  readonly mode: 'test' | 'live';
  readonly account: string;
  /** The gateway's id of its container, or of the charge where there is none. */
  readonly object: string;
}

/** The id of a payment found at a gateway: the same, whoever finds it. No order has it, for its parts are others. */
export function foundPaymentId({ mode, account, object }: FoundAt): string {
  return stableId('pay', 'found', mode, account, object);
}

/**
 * Operation id, which is also the idempotency key at the gateway. `reference` is the request's reference for a capture
 * or a refund, the try's number for an authorization, `all` for a void.
 */
export function operationId(payment: string, kind: OperationKind, reference: string): string {
  return stableId(OPERATION_PREFIX[kind], payment, kind, reference);
}

/** Fact id: `fct` + hash of whatever makes the fact unique, such as ('webhook', account, event id, ordinal). */
export function factId(...parts: readonly string[]): string {
  return stableId('fct', ...parts);
}

function base32(bytes: string): string {
  const text = Buffer.allocUnsafe(ID_CHARS);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; at < ID_CHARS; i += 1) {
    held = ((held << 8) | bytes.charCodeAt(i)) & 0xfff;
    bits += 8;
    while (bits >= 5 && at < ID_CHARS) {
      bits -= 5;
      text[at++] = BASE32[(held >>> bits) & 31] ?? 0;
    }
  }
  return text.toString('latin1');
}
