import {
  PARTICIPANT_OVERPAID,
  PARTICIPANT_REFUSED,
  PARTICIPANT_UNKNOWN,
} from '../engine/participant-payouts.js';
import type { Waiting } from '../engine/stuck.sql.js';

export interface StuckPayment {
  readonly paymentId: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly attempt: number;
  readonly account: string;
  readonly label: string;
  readonly reason: string;
  readonly since: string;
  readonly nextStep: { readonly action: string; readonly at: string | null };
  /** What an operator may do about it. */
  readonly command: string;
}

interface Advice {
  readonly next: string;
  readonly force: 'verify' | 'switch' | 'replay';
}

const ADVICE: Readonly<Record<string, Advice>> = {
  'under review': { next: 'captures when the review is closed', force: 'verify' },
  disputed: { next: 'goes on when the dispute is decided', force: 'verify' },
  held: { next: 'goes on when the hold is lifted', force: 'replay' },
  'gateway account stopped': { next: 'goes on when the account is switched on', force: 'switch' },
  'waiting for the shopper': { next: 'cancel the payment at the gateway', force: 'verify' },
  'refund of a cancelled order failed three times': { next: 'none', force: 'verify' },
  'refund of a late success failed three times': { next: 'none', force: 'verify' },
  [PARTICIPANT_UNKNOWN]: { next: 'pays them once the account names them', force: 'verify' },
  [PARTICIPANT_REFUSED]: { next: 'try again', force: 'verify' },
  [PARTICIPANT_OVERPAID]: { next: 'none', force: 'verify' },
};
const ASK: Advice = { next: 'ask the gateway', force: 'verify' };

/** Reason, next automatic step, and the command that forces it. */
export function toStuck(waiting: Waiting): StuckPayment {
  const { paymentId, storefront, orderId, attempt, account, label, why, since, dueAt } = waiting;
  const { next, force } = ADVICE[why] ?? ASK;
  return {
    paymentId,
    storefront,
    orderId,
    attempt,
    account,
    label: label ?? 'initialized',
    reason: why,
    since: since.toISOString(),
    nextStep: { action: next, at: dueAt?.toISOString() ?? null },
    command: commandFor(force, paymentId, account),
  };
}

function commandFor(force: Advice['force'], paymentId: string, account: string): string {
  switch (force) {
    case 'verify':
      return `POST /v1/payment-intents/${paymentId}/verify`;
    case 'switch':
      return `POST /v1/gateway-accounts/${account}/switch {"stopped":false,"reason":"…"}`;
    case 'replay':
      return 'ReplayParked or DiscardParked on operations.commands.v1, for the parked row of this payment';
  }
}
