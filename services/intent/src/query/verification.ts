import type { Logger } from '@paylog/observability';
import { markVerify } from '../engine/work.sql.js';
import type { Intents } from '../intent/intents.js';

export interface VerificationOptions {
  readonly intents: Intents;
  readonly logger: Logger;
  readonly poke: () => void;
  /** How long the answer waits for the gateway's. */
  readonly waitMs: number;
}

/** A browser may ask with every reload; the gateway need not be asked each time. */
const AT_MOST_EVERY_MS = 1_000;

/** Asks the gateway at once what it knows about a payment that is not over. */
export class Verification {
  constructor(private readonly options: VerificationOptions) {}

  /** Resolves when the gateway has answered, nothing is to be asked, or the wait is over. */
  async verify(paymentId: string): Promise<void> {
    const { intents, poke, waitMs } = this.options;
    const at = new Date();
    const { beside } = await intents.load(paymentId);
    if (at.getTime() - (beside.verifyAt?.getTime() ?? 0) > AT_MOST_EVERY_MS) {
      if (!(await markVerify(intents.pool, paymentId, at))) return;
    }
    poke();
    const until = at.getTime() + waitMs;
    while (Date.now() < until) {
      const now = (await intents.load(paymentId)).beside;
      const asked = (now.polledAt?.getTime() ?? 0) >= at.getTime();
      // The engine has looked and found nothing to ask, or nothing before some later time.
      const idle = now.lease === null && (now.dueAt === null || now.dueAt.getTime() > Date.now());
      if (idle || (asked && now.lease === null)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** By an operator's command: nobody waits. */
  async wish(paymentId: string, operator: string, reason: string): Promise<void> {
    const { intents, logger, poke } = this.options;
    const known = await markVerify(intents.pool, paymentId, new Date());
    logger.info({ paymentId, operator, reason, known }, 'verification asked for');
    poke();
  }
}
