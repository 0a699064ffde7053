import { PureRun } from '../testing/pure-run.js';
import { isLateSuccess } from './late-success.js';
import type { Known } from './state.js';

/** Told that it was refused; then money is there. */
async function paidAfterDecline(): Promise<Known> {
  const run = new PureRun();
  run.place({ captureMode: 'automatic', method: 'pm_card_visa_chargeDeclined' });
  await run.step();
  run.gateway.payAgain(run.paymentId);
  run.webhook();
  return run.known;
}

describe('money of a refused attempt', () => {
  it('goes back by itself, but for what a person has adopted into it', async () => {
    const known = await paidAfterDecline();
    expect(isLateSuccess(known)).toBe(true);
    const { projected } = known;
    if (projected === undefined) throw new Error('nothing was told');
    const adoption = {
      at: '2026-03-05T08:00:00.000Z',
      payment: `pay${'a'.repeat(26)}`,
      into: known.intent.paymentId,
      storefront: 'shop',
      orderId: 'order-1',
      operator: 'ines',
      reason: 'paid by a link',
    };
    expect(isLateSuccess({ ...known, projected: { ...projected, adoptions: [adoption] } })).toBe(
      false,
    );
  });
});
