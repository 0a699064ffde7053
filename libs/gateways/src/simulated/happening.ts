import { createHash } from 'node:crypto';
import type { Money } from '@paylog/payment-domain';

/** Something that a simulated gateway tells of: one event of one payment. */
export interface Happening {
  /** As the gateway names its kind; see the list of each gateway. */
  readonly event: string;
  /** Ours, where it is about one of ours. */
  readonly paymentId?: string;
  /** What the gateway's own ids are made of: the same story, the same authorization, capture, refund and dispute. */
  readonly story: string;
  readonly amount: Money;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/** A request as the gateway sends it. */
export interface SimulatedWebhook {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** An id of the gateway's making: the same for the same object of the same story. */
export function simulatedId(prefix: string, story: string, object: string): string {
  const digest = createHash('sha256').update(`${story}/${object}`).digest('hex');
  return prefix + digest.slice(0, 16).toUpperCase();
}

/** For what a simulated gateway can't tell. */
export function cannot(gateway: string, event: string, why = 'no event of it is called so'): Error {
  return new RangeError(`${gateway}: ${event}: ${why}`);
}
