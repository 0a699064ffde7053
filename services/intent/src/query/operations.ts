import { Problem } from '@paylog/http';
import type { OperationsCommand } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import { selectUnresolved, selectWaiting } from '../engine/stuck.sql.js';
import type { Intents } from '../intent/intents.js';
import { upsertSwitch, type SwitchChange } from '../intent/known.sql.js';
import { toStuck, type StuckPayment } from './stuck.js';
import type { Verification } from './verification.js';

export interface OperationsParts {
  readonly intents: Intents;
  readonly verification: Verification;
  readonly accounts: ReadonlySet<string>;
  /** A payment may wait this long before it is listed. */
  readonly stuckAfterMs: number;
  readonly logger: Logger;
  readonly poke: () => void;
}

const LISTED_MAX = 500;

/** What operators see and turn, by HTTP or by `operations.commands.v1`. */
export class Operations {
  constructor(private readonly parts: OperationsParts) {}

  async stuck(limitMs: number = this.parts.stuckAfterMs): Promise<StuckPayment[]> {
    const rows = await selectWaiting(this.parts.intents.pool, limitMs, LISTED_MAX);
    return rows.map(toStuck);
  }

  /** Of which money may have moved, and nobody can say: the oldest first. */
  async unresolved(limitMs = 0): Promise<StuckPayment[]> {
    const rows = await selectUnresolved(this.parts.intents.pool, limitMs, LISTED_MAX);
    return rows.map(toStuck);
  }

  async switchAccount(change: SwitchChange): Promise<{ account: string; stopped: boolean }> {
    const { accounts, intents, logger, poke } = this.parts;
    const { account, stopped } = change;
    if (!accounts.has(account)) throw Problem.notFound(`There is no gateway account ${account}.`);
    await upsertSwitch(intents.pool, change);
    logger.warn(change, stopped ? 'gateway account stopped' : 'gateway account restarted');
    poke();
    return { account, stopped };
  }

  /** Commands may come twice. */
  on = async (command: OperationsCommand): Promise<void> => {
    switch (command.type) {
      case 'VerifyPayment': {
        const { paymentId, operator, reason } = command.data;
        return this.parts.verification.wish(paymentId, operator, reason);
      }
      case 'SwitchAccount': {
        const { account, stopped, operator, reason } = command.data;
        if (!this.parts.accounts.has(account)) {
          this.parts.logger.warn({ account }, 'a command names an account we do not have');
          return;
        }
        await this.switchAccount({ account, stopped, operator, reason });
        return;
      }
      case 'ReplayParked':
      case 'DiscardParked':
        return; // libs/kafka has done it.
      case 'AdoptPayment':
        return; // For payment-state.
    }
  };
}
