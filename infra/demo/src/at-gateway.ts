import type { HttpApi } from './http.js';
import { truthOf, type TrueIntent } from './sandbox-truth.js';
import type { GatewayAct } from './scenario.js';

/** Has something happen at the gateway that nobody of us asked for: an issuer's dispute, its decision. */
export async function actAtGateway(
  sandbox: HttpApi,
  paymentId: string,
  act: GatewayAct,
): Promise<void> {
  const intent = await intentOf(sandbox, paymentId);
  const decide = (outcome: string) =>
    sandbox.post(`/sandbox/disputes/${disputeOf(intent)}/decide`, { outcome });
  switch (act) {
    case 'open_dispute':
      await sandbox.post('/sandbox/disputes', { of: intent.id });
      return;
    case 'win_dispute':
      await decide('won');
      return;
    case 'lose_dispute':
      await decide('lost');
      return;
    case 'appeal_dispute':
      await decide('appealed');
      return;
    case 'refund_half': {
      const amount = Math.floor(intent.amountReceived / 2);
      await sandbox.post('/sandbox/dashboard/refunds', { of: intent.id, amount });
      return;
    }
    case 'pay_again': {
      const paymentMethod = 'pm_card_visa';
      await sandbox.post(`/sandbox/payment-intents/${intent.id}/retry`, { paymentMethod });
      return;
    }
    case 'approve_review':
      await sandbox.post(`/sandbox/reviews/${reviewOf(intent)}`, { decision: 'approve' });
      return;
  }
}

async function intentOf(sandbox: HttpApi, paymentId: string): Promise<TrueIntent> {
  const { paymentIntents } = await truthOf(sandbox);
  const found = paymentIntents.find(({ metadata }) => metadata['paylog_payment'] === paymentId);
  if (found === undefined) throw new Error(`the gateway knows nothing of ${paymentId}`);
  return found;
}

function reviewOf({ id, reviews }: TrueIntent): string {
  const open = reviews.find((review) => review.open);
  if (open === undefined) throw new Error(`${id} has no open review`);
  return open.id;
}

function disputeOf({ id, disputes }: TrueIntent): string {
  const last = disputes.at(-1);
  if (last === undefined) throw new Error(`${id} is not disputed`);
  return last.id;
}
