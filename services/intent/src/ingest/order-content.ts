import { canonicalJson } from '@paylog/contracts';
import type { ConsumedMessage } from '@paylog/kafka';
import { createHash } from 'node:crypto';
import type { OrderMessage } from './order-messages.js';

/** Under which a message of a storefront is taken once. */
export function keyOf(storefront: string, id: string): string {
  return `order/${storefront}/${id}`;
}

/** The same message written another way (order of fields, spaces) is the same message. */
export function digestOf({ value, headers }: ConsumedMessage): Buffer {
  const hash = createHash('sha256').update(`${headers['ce_type'] ?? ''}\n`);
  return hash.update(contentOf(value)).digest();
}

function contentOf(value: Buffer | null): string | Buffer {
  if (value === null) return '';
  try {
    return canonicalJson(JSON.parse(value.toString('utf8')));
  } catch {
    return value; // Not JSON: only the same bytes are the same message.
  }
}

/** Cancels the order, whichever of its attempts there are. */
export function isCancelOfOrder({ type, data }: OrderMessage): boolean {
  return type === 'OrderCancelled' && data.attempt === undefined;
}
