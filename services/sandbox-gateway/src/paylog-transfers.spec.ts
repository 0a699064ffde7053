import { operationId } from '@paylog/contracts';
import { createStripeClient, factsOf, type ParticipantPayouts } from '@paylog/gateways';
import { authorization, eur, paymentOfOrder, runPaylog, type Paylog } from './testing/paylog.js';
import { PATIENT_MS, type RunningSandbox } from './testing/running-sandbox.js';

/** What Paylog's own client says of shares at the sandbox, beside how they go on: `paylog-splits.spec.ts`. */
let paylog: Paylog;
let running: RunningSandbox;
let participants: ParticipantPayouts;

beforeEach(async () => {
  paylog = await runPaylog({ participants: { seller: 'acct_seller' } });
  ({ running } = paylog);
  participants = paylog.client.participants!;
});
afterEach(() => running.close());

const PAYMENT = paymentOfOrder('o1');
const payoutId = (participant: string) =>
  operationId(PAYMENT, 'participant_payout', `${participant} 1`);
const REVERSAL = operationId(PAYMENT, 'participant_payout_reversal', 'seller 1');

/** A captured payment of ten euros; gives the charge. */
async function paid(): Promise<string> {
  const answer = await paylog.client.authorize(authorization(PAYMENT, { shared: true }));
  if (answer.result !== 'answered') throw new Error(answer.result);
  return answer.payment.authorizationId ?? '';
}

const payOut = (charge: string, participant = 'seller') =>
  participants.payOut({
    paymentId: PAYMENT,
    operationId: payoutId(participant),
    call: 1,
    participant,
    amount: eur(800n),
    authorizationId: charge,
  });

describe('the share of a participant', () => {
  it('comes back in part, as an operation of its own', async () => {
    const answer = await payOut(await paid());
    const transfer = 'payout' in answer ? answer.payout.id : '';
    const back = await participants.takeBack({
      paymentId: PAYMENT,
      operationId: REVERSAL,
      call: 1,
      participant: 'seller',
      amount: eur(300n),
      payoutId: transfer,
    });
    expect(factsOf(back)).toMatchObject([
      { type: 'alias', target: REVERSAL },
      {
        operation: REVERSAL,
        kind: 'participant_payout_reversal',
        outcome: 'succeeded',
        amount: eur(300n),
        participant: 'seller',
        parent: transfer,
      },
    ]);
    const asked = { paymentId: PAYMENT, operationId: REVERSAL, call: 9, payoutId: transfer };
    const found = await participants.lookup({ ...asked, kind: 'participant_payout_reversal' });
    expect('payout' in found && found.payout.amount).toEqual(eur(300n));
  });

  it('is refused unsent where nobody knows where it goes', async () => {
    expect(participants.reaches('stranger')).toBe(false);
    expect(await payOut(await paid(), 'stranger')).toMatchObject({
      result: 'refused',
      reason: 'no_destination',
    });
    expect((await running.stripe.transfers.list({ transfer_group: PAYMENT })).data).toEqual([]);
  });

  it('is none of the client’s business where the account has no participants', () => {
    const { participants: _none, ...without } = paylog.account;
    expect(createStripeClient(without, { timeoutMs: PATIENT_MS }).participants).toBeUndefined();
  });
});
