import { operationId } from '@paylog/contracts';
import {
  createStripeSettlement,
  readPayoutReport,
  type GatewayAnswer,
  type GatewayClient,
  type SettlementLine,
} from '@paylog/gateways';
import { fold, type Fact } from '@paylog/payment-domain';
import {
  authorization,
  eur,
  paymentOfOrder,
  runPaylog,
  told as toldTo,
  type Paylog,
} from './testing/paylog.js';
import { ACCOUNT, PATIENT_MS, type RunningSandbox } from './testing/running-sandbox.js';

/** Shares of a payment, sent on and taken back by our own client, told by answers and webhooks. */
let paylog: Paylog;
let running: RunningSandbox;
let client: GatewayClient;
const facts: Fact[] = [];
const id = paymentOfOrder('split');

beforeEach(async () => {
  facts.length = 0;
  paylog = await runPaylog({
    participants: { alice: 'acct_alice', bob: 'acct_timeout', carol: 'acct_closed' },
  });
  ({ running, client } = paylog);
});
afterEach(() => running.close());

const told = <T extends GatewayAnswer>(answer: Promise<T>) => toldTo(facts, answer);

async function captured(): Promise<string> {
  const answer = await told(client.authorize(authorization(id, { shared: true })));
  if (answer.result !== 'answered') throw new Error(answer.result);
  return answer.payment.authorizationId ?? '';
}

function participants({ participants: shares } = client) {
  if (shares === undefined) throw new Error('the account passes no shares on');
  return shares;
}

function share(participant: string, minor: bigint, authorizationId: string) {
  const own = operationId(id, 'participant_payout', participant);
  return { paymentId: id, operationId: own, participant, amount: eur(minor), authorizationId };
}

async function state() {
  // Shares name their payment themselves.
  const { facts: heard } = await paylog.heardOf(id, () => undefined);
  return fold([...heard, ...facts, ...heard]);
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
  expect((await told(participants(paylog.unheard).payOut({ ...bob, call: 1 }))).result).toBe(
    'unknown',
  );
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
  const source = createStripeSettlement(paylog.account, { timeoutMs: PATIENT_MS });
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
