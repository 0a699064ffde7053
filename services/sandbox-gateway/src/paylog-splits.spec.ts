import { operationId, paymentId } from '@paylog/contracts';
import {
  createStripeClient,
  createStripeSettlement,
  factsOf,
  readPayoutReport,
  verified,
  webhooksOf,
  type GatewayAccount,
  type GatewayAnswer,
  type GatewayClient,
  type SettlementLine,
} from '@paylog/gateways';
import { fold, type Fact } from '@paylog/payment-domain';
import {
  ACCOUNT,
  API_KEY,
  LOST_MS,
  PATIENT_MS,
  runSandbox,
  WEBHOOK_SECRET,
  type RunningSandbox,
} from './testing/running-sandbox.js';

/** Shares of a payment, sent on and taken back by our own client, told by answers and webhooks. */
let running: RunningSandbox;
let client: GatewayClient;
let account: GatewayAccount;
const facts: Fact[] = [];
const id = paymentId({ mode: 'test', storefront: 'shop', orderId: 'split', attempt: 1 });
const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

beforeEach(async () => {
  facts.length = 0;
  running = await runSandbox();
  account = {
    account: ACCOUNT,
    gateway: 'stripe',
    mode: 'test',
    apiBaseUrl: running.sandbox.url,
    apiKey: API_KEY,
    webhookSecrets: [{ name: 'main', value: WEBHOOK_SECRET }],
    settlement: { dueDays: 0, feeBps: 290, feeFixedMinor: 30 },
    participants: { alice: 'acct_alice', bob: 'acct_timeout', carol: 'acct_closed' },
  };
  client = createStripeClient(account, { timeoutMs: PATIENT_MS });
});
afterEach(() => running.close());

async function told<T extends GatewayAnswer>(answer: Promise<T>): Promise<T> {
  const arrived = await answer;
  facts.push(...factsOf(arrived));
  return arrived;
}

async function captured(): Promise<string> {
  const answer = await told(
    client.authorize({
      paymentId: id,
      operationId: operationId(id, 'authorization', '1'),
      sessionOperationId: operationId(id, 'session', '1'),
      captureOperationId: operationId(id, 'capture', 'automatic'),
      call: 1,
      amount: eur(1000n),
      captureMode: 'automatic',
      paymentMethod: 'pm_card_visa',
      shared: true,
    }),
  );
  if (answer.result !== 'answered') throw new Error(answer.result);
  return answer.payment.authorizationId ?? '';
}

function participants(timeoutMs = PATIENT_MS) {
  const { participants: shares } = createStripeClient(account, { timeoutMs });
  if (shares === undefined) throw new Error('the account passes no shares on');
  return shares;
}

function share(participant: string, minor: bigint, authorizationId: string) {
  const own = operationId(id, 'participant_payout', participant);
  return { paymentId: id, operationId: own, participant, amount: eur(minor), authorizationId };
}

async function state() {
  await running.settle();
  const context = { account: ACCOUNT, mode: 'test', paymentOf: () => undefined } as const;
  const told = running.receiver.received
    .flatMap(({ body }) => webhooksOf('stripe').read(verified(body), context))
    .flatMap((item) => (item.kind === 'facts' && item.paymentId === id ? item.facts : []));
  return fold([...told, ...facts, ...told]);
}

const payouts = async () =>
  (await state()).operations
    .filter(({ kind }) => kind.startsWith('participant_payout'))
    .map((operation) => [operation.id, operation.kind, operation.status, operation.amount?.minor]);

it('goes on to each participant once, and comes back in part', async () => {
  const source = await captured();
  const alice = share('alice', 600n, source);
  const paid = await told(participants().payOut({ ...alice, call: 1 }));
  if (paid.result !== 'answered') throw new Error(paid.result);
  const back = operationId(id, 'participant_payout_reversal', 'alice 1');
  await told(
    participants().takeBack({
      paymentId: id,
      operationId: back,
      call: 1,
      participant: 'alice',
      amount: eur(200n),
      payoutId: paid.payout.id,
    }),
  );
  expect(await payouts()).toEqual(
    expect.arrayContaining([
      [alice.operationId, 'participant_payout', 'succeeded', 600n],
      [back, 'participant_payout_reversal', 'succeeded', 200n],
    ]),
  );
  expect(await payouts()).toHaveLength(2);
  expect((await state()).anomalies).toEqual([]);
});

it('whose answer was lost is found again, by its key or by asking', async () => {
  const bob = share('bob', 300n, await captured());
  expect((await told(participants(LOST_MS).payOut({ ...bob, call: 1 }))).result).toBe('unknown');
  const query = {
    paymentId: id,
    operationId: bob.operationId,
    kind: 'participant_payout',
  } as const;
  expect((await told(participants().lookup({ ...query, call: 1 }))).result).toBe('answered');
  expect((await told(participants().payOut({ ...bob, call: 2 }))).result).toBe('answered');
  expect(await payouts()).toEqual([[bob.operationId, 'participant_payout', 'succeeded', 300n]]);
  const { paymentIntents } = await running.truth();
  expect(paymentIntents[0]?.transfers).toMatchObject([
    { destination: 'acct_timeout', amount: 300 },
  ]);
});

it('is refused for a closed account, and beyond what was captured', async () => {
  const source = await captured();
  const carol = await told(participants().payOut({ ...share('carol', 100n, source), call: 1 }));
  expect(carol).toMatchObject({ result: 'refused', reason: 'account_closed' });
  const alice = await told(participants().payOut({ ...share('alice', 1001n, source), call: 1 }));
  expect(alice.result).toBe('refused');
  expect((await payouts()).map(([, , status]) => status)).toEqual(['refused', 'refused']);
});

it('is a line of the report, named by our operation', async () => {
  const alice = share('alice', 600n, await captured());
  await participants().payOut({ ...alice, call: 1 });
  await running.ask('POST', '/sandbox/payouts', { account: ACCOUNT });
  const source = createStripeSettlement(account, { timeoutMs: PATIENT_MS });
  const lines: SettlementLine[] = [];
  for await (const payout of source.payouts('2020-01-01T00:00:00Z')) {
    let report = await source.report(payout);
    while (report === undefined) {
      await running.settle();
      report = await source.report(payout);
    }
    for await (const row of readPayoutReport(report)) {
      if (row.result !== 'line') throw new Error(`${row.reason} ${row.column}`);
      lines.push(row);
    }
  }
  expect(lines.filter(({ kind }) => kind === 'participant_payout')).toMatchObject([
    { paymentId: id, operationId: alice.operationId, gross: eur(-600n), fee: eur(0n) },
  ]);
});
