import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMessage, PAYMENTS_EVENTS } from '@paylog/contracts';
import { toShoppersView, toView } from './payment-view.js';
import { eventForShopper } from './shares.js';

const EXAMPLES = join(__dirname, '../../../../libs/contracts/examples/payments.events.v1');

/** As in the contracts' example: a split payment, passed on, refunded, taken back in part. */
function example(type: 'ParticipantPayoutReversalSucceeded' | 'CaptureSucceeded') {
  const decoded = decodeMessage(
    PAYMENTS_EVENTS,
    type,
    readFileSync(join(EXAMPLES, `${type}.v1.json`)),
  );
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.data;
}

const { paymentId, version, state, ...rest } = example('ParticipantPayoutReversalSucceeded');

describe('the view of a split payment', () => {
  it('says what everybody has in it, was paid, and is owed', () => {
    expect(toView(paymentId, version, state).shares).toEqual([
      {
        by: 'participant',
        participant: 'seller-7',
        captured: '3792',
        refunded: '758',
        chargedBack: '0',
        disputed: '0',
        net: '3034',
        paidOut: '3034',
        owed: '0',
      },
      expect.objectContaining({ participant: 'courier', net: '392', paidOut: '0', owed: '392' }),
      expect.objectContaining({ by: 'platform_fee', net: '200' }),
      expect.objectContaining({ by: 'storefront', net: '366' }),
    ]);
  });

  it('shows who was paid more than is theirs by now', () => {
    const operations = state.operations.filter(
      ({ kind }) => kind !== 'participant_payout_reversal',
    );
    const [seller] = toView(paymentId, version, { ...state, operations }).shares ?? [];
    expect(seller).toMatchObject({ net: '3034', paidOut: '3792', owed: '-758' });
  });

  it('has no shares where the storefront has it all', () => {
    const { state: plain } = example('CaptureSucceeded');
    expect(toView(paymentId, version, plain)).not.toHaveProperty('shares');
  });
});

describe('what a shopper sees of it', () => {
  const seen = (value: unknown) => JSON.stringify(value);

  it('is what they paid, and not who gets how much of it', () => {
    const view = toShoppersView(paymentId, version, state);
    expect(view).toMatchObject({ label: 'partially_refunded', order: { orderId: 'R-1001' } });
    expect(seen(view)).not.toMatch(/seller-7|courier|basisPoints|participant|3792/);
  });

  it('is the same in its events, which keep their place', () => {
    const shown = eventForShopper({ state, ...rest });
    expect(seen(shown)).not.toMatch(/seller-7|courier|basisPoints|3792|tr_example/);
    expect(shown).toMatchObject({ fact: { id: rest.fact.id, type: 'operation' }, transitions: [] });
  });

  it('is everything of a payment that nobody shares in', () => {
    const { paymentId: _id, version: _version, ...plain } = example('CaptureSucceeded');
    expect(eventForShopper(plain)).toEqual(plain);
  });
});
