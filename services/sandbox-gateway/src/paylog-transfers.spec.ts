import { operationId, paymentId } from '@paylog/contracts';
import {
  createStripeClient,
  factsOf,
  type GatewayAccount,
  type GatewayClient,
  type ParticipantPayouts,
} from '@paylog/gateways';
import {
  ACCOUNT,
  API_KEY,
  runSandbox,
  WEBHOOK_SECRET,
  type RunningSandbox,
} from './testing/running-sandbox.js';

/** Paylog's own client passes shares on and takes them back, against the sandbox. */
let running: RunningSandbox;
let account: GatewayAccount;
let client: GatewayClient;
let participants: ParticipantPayouts;

beforeEach(async () => {
  running = await runSandbox();
  account = {
    account: ACCOUNT,
    gateway: 'stripe',
    mode: 'test',
    apiBaseUrl: running.sandbox.url,
    apiKey: API_KEY,
    webhookSecrets: [{ name: 'main', value: WEBHOOK_SECRET }],
    settlement: { dueDays: 0 },
    participants: { seller: 'acct_seller', gone: 'acct_closed', slow: 'acct_timeout' },
  };
  client = createStripeClient(account, { timeoutMs: 500 });
  participants = client.participants!;
});
afterEach(() => running.close());

const PAYMENT = paymentId({ mode: 'test', storefront: 'shop', orderId: 'o1', attempt: 1 });
const eur = (minor: bigint) => ({ minor, currency: 'EUR' });
const payoutId = (participant: string) =>
  operationId(PAYMENT, 'participant_payout', `${participant} 1`);
const REVERSAL = operationId(PAYMENT, 'participant_payout_reversal', 'seller 1');

/** A captured payment of ten euros; gives the charge. */
async function paid(): Promise<string> {
  const answer = await client.authorize({
    paymentId: PAYMENT,
    operationId: operationId(PAYMENT, 'authorization', '1'),
    sessionOperationId: operationId(PAYMENT, 'session', 'all'),
    captureOperationId: operationId(PAYMENT, 'capture', ' automatic'),
    call: 1,
    amount: eur(1_000n),
    captureMode: 'automatic',
    paymentMethod: 'pm_card_visa',
    shared: true,
  });
  if (answer.result !== 'answered') throw new Error(answer.result);
  return answer.payment.authorizationId ?? '';
}

const payOut = (charge: string, participant = 'seller', minor = 800n, call = 1) =>
  participants.payOut({
    paymentId: PAYMENT,
    operationId: payoutId(participant),
    call,
    participant,
    amount: eur(minor),
    authorizationId: charge,
  });

describe('the share of a participant', () => {
  it('goes on once, however often it is sent, as a fact under our id', async () => {
    const charge = await paid();
    const answer = await payOut(charge);
    expect(answer).toMatchObject({
      result: 'answered',
      payout: {
        kind: 'participant_payout',
        amount: eur(800n),
        participant: 'seller',
        parent: charge,
        ours: { paymentId: PAYMENT, operation: payoutId('seller') },
      },
    });
    const again = await payOut(charge, 'seller', 800n, 2);
    expect('payout' in again && again.payout).toEqual('payout' in answer && answer.payout);
    const transfer = 'payout' in answer ? answer.payout.id : '';
    expect(factsOf(answer)).toMatchObject([
      { type: 'alias', alias: transfer, target: payoutId('seller') },
      {
        operation: payoutId('seller'),
        kind: 'participant_payout',
        outcome: 'succeeded',
        amount: eur(800n),
        participant: 'seller',
        parent: charge,
        call: 1,
      },
    ]);
    const all = await running.stripe.transfers.list({ transfer_group: PAYMENT });
    expect(all.data.map(({ destination }) => destination)).toEqual(['acct_seller']);
  });

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

  it('is unknown when the answer is lost, and found by our own id', async () => {
    const charge = await paid();
    expect(await payOut(charge, 'slow')).toMatchObject({ result: 'unknown', reason: 'timeout' });
    const query = { paymentId: PAYMENT, kind: 'participant_payout', call: 9 } as const;
    const found = await participants.lookup({ ...query, operationId: payoutId('slow') });
    expect(found).toMatchObject({ result: 'answered', payout: { amount: eur(800n) } });
    const nothing = await participants.lookup({ ...query, operationId: payoutId('seller') });
    expect(nothing).toMatchObject({ result: 'not_found', by: 'list' });
  });

  it('is refused where the account is closed, the charge has no more, or nobody knows where', async () => {
    const charge = await paid();
    expect(await payOut(charge, 'gone')).toMatchObject({
      result: 'refused',
      reason: 'account_closed',
    });
    expect(await payOut(charge, 'seller', 1_001n)).toMatchObject({ result: 'refused' });
    expect(participants.reaches('stranger')).toBe(false);
    expect(await payOut(charge, 'stranger')).toMatchObject({
      result: 'refused',
      reason: 'no_destination',
    });
    expect((await running.stripe.transfers.list({ transfer_group: PAYMENT })).data).toEqual([]);
  });

  it('is none of the client’s business where the account has no participants', () => {
    const { participants: _none, ...without } = account;
    expect(createStripeClient(without, { timeoutMs: 500 }).participants).toBeUndefined();
  });
});
