import type { Store } from '../store.js';
import type { Emitter } from './events.js';

/** What every act at the gateway needs. */
export interface World {
  readonly store: Store;
  readonly emitter: Emitter;
  readonly seed: string;
  readonly now: () => Date;
  /** Where shoppers reach the 3DS page. */
  readonly publicUrl: () => string;
  /** Does something later, or at once when a test says so. */
  readonly later: (delayMs: number, act: () => void) => void;
}

/** The API call that causes an act. */
export interface Caller {
  readonly account: string;
  readonly requestId: string;
  readonly idempotencyKey: string | null;
}

/** No call of the merchant's: an issuer, a bank, or a person at the dashboard acts. */
export function nobody(account: string): Caller {
  return { account, requestId: '', idempotencyKey: null };
}

export function seconds(world: World): number {
  return Math.floor(world.now().getTime() / 1000);
}
