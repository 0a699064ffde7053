import { operationId } from '@paylog/contracts';
import {
  addLine,
  controlBreaks,
  createStripeSettlement,
  NO_TOTALS,
  readPayoutReport,
  type AuthorizeRequest,
  type GatewayClient,
  type LineProblem,
  type SettlementLine,
} from '@paylog/gateways';
import { authorization, eur, paymentOfOrder, runPaylog, type Paylog } from './testing/paylog.js';
import { ACCOUNT, PATIENT_MS, type RunningSandbox } from './testing/running-sandbox.js';

/** Paylog's own reader of reports against the sandbox: every movement of money must be named, and add up. */
let paylog: Paylog;
let running: RunningSandbox;
let client: GatewayClient;

beforeEach(async () => {
  paylog = await runPaylog();
  ({ running, client } = paylog);
});
afterEach(() => running.close());

let orders = 0;

function order(paymentMethod: string, minor = 1000n): AuthorizeRequest {
  orders += 1;
  return authorization(paymentOfOrder(`o${orders}`), { paymentMethod, amount: eur(minor) });
}

function refundOf(placed: AuthorizeRequest, containerId: string, minor: bigint) {
  return {
    paymentId: placed.paymentId,
    operationId: operationId(placed.paymentId, 'refund', 'one'),
    call: 1,
    containerId,
    amount: eur(minor),
  };
}

describe('settlement', () => {
  async function statement(discrepancies: readonly string[]) {
    const charges: string[] = [];
    for (let i = 0; i < 8; i += 1) {
      const placed = order('pm_card_visa', 1000n + BigInt(i));
      const answer = await client.authorize(placed);
      if (answer.result !== 'answered') throw new Error(answer.result);
      charges.push(answer.payment.authorizationId ?? '');
      if (i === 7) await client.refund(refundOf(placed, answer.payment.containerId, 400n));
    }
    const made = await running.ask<{ planted: { class: string; object: string }[] }>(
      'POST',
      '/sandbox/payouts',
      { account: ACCOUNT, discrepancies },
    );
    const source = createStripeSettlement(paylog.account, { timeoutMs: PATIENT_MS });
    const payouts = [];
    for await (const payout of source.payouts('2020-01-01T00:00:00Z')) payouts.push(payout);
    const [payout] = payouts;
    if (payout === undefined) throw new Error('no payout');
    const lines: SettlementLine[] = [];
    const problems: LineProblem[] = [];
    let bytes = await source.report(payout);
    expect(bytes).toBeUndefined();
    while (bytes === undefined) {
      await running.settle();
      bytes = await source.report(payout);
    }
    for await (const row of readPayoutReport(bytes)) {
      if (row.result === 'line') lines.push(row);
      else problems.push(row);
    }
    return { charges, payout, lines, problems, planted: made.planted };
  }

  it('pays out what was captured less fees and refunds', async () => {
    const { charges, payout, lines, problems } = await statement([]);
    expect(problems).toEqual([]);
    expect(payout).toMatchObject({ status: 'paid', linesReady: true });
    const captures = lines.filter(({ kind }) => kind === 'capture');
    expect(captures.map(({ gatewayObject }) => gatewayObject).sort()).toEqual(charges.sort());
    expect(captures[0]).toMatchObject({ gross: eur(1000n), fee: eur(59n), net: eur(941n) });
    expect(captures.every(({ paymentId: id }) => id?.startsWith('pay'))).toBe(true);
    const [refund] = lines.filter(({ kind }) => kind === 'refund');
    expect(refund).toMatchObject({ gross: eur(-400n), fee: eur(0n) });
    expect(refund?.operationId).toMatch(/^ref/);
    expect(controlBreaks(lines.reduce(addLine, NO_TOTALS), payout.amount)).toEqual([]);
  });

  it('names the money of disputes, fees included', async () => {
    const won = order('pm_sandbox_disputeWon');
    await client.authorize(won);
    await client.authorize(order('pm_sandbox_disputeLost'));
    await running.settle();
    const { payout, lines, problems } = await statement([]);
    expect(problems).toEqual([]);
    const of = (name: string) => lines.filter(({ kind }) => kind === name);
    expect(of('dispute_withdrawal')).toHaveLength(2);
    expect(of('dispute_withdrawal')[0]).toMatchObject({
      gross: eur(-1000n),
      fee: eur(1500n),
      net: eur(-2500n),
      paymentId: won.paymentId,
    });
    expect(of('dispute_reinstatement')).toMatchObject([{ gross: eur(1000n), fee: eur(0n) }]);
    expect(controlBreaks(lines.reduce(addLine, NO_TOTALS), payout.amount)).toEqual([]);
  });

  it('names what a late failure took back', async () => {
    await client.authorize(order('pm_sandbox_failsLater'));
    await running.settle();
    const { lines, problems } = await statement([]);
    expect(problems).toEqual([]);
    expect(lines.filter(({ category }) => category === 'charge_failure')).toHaveLength(1);
  });

  it('plants discrepancies that only the lines give away', async () => {
    const classes = ['amount', 'fee', 'missing_at_gateway', 'missing_with_us', 'duplicate_line'];
    const { charges, payout, lines, planted } = await statement(classes);
    expect(planted.map((each) => each.class)).toEqual(classes);
    expect(new Set(planted.map(({ object }) => object)).size).toBe(classes.length);
    expect(controlBreaks(lines.reduce(addLine, NO_TOTALS), payout.amount)).toEqual([]);
    const objectOf = (name: string) => planted.find((each) => each.class === name)?.object;
    const of = (name: string) => lines.filter((line) => line.gatewayObject === objectOf(name));
    expect(of('amount')[0]?.gross.minor).toBeGreaterThanOrEqual(1100n);
    const spoiltFee = of('fee')[0];
    expect(spoiltFee?.fee.minor).not.toBe(
      ((spoiltFee?.gross.minor ?? 0n) * 290n + 5000n) / 10_000n + 30n,
    );
    expect(of('missing_at_gateway')).toEqual([]);
    expect(charges).toContain(objectOf('missing_at_gateway'));
    expect(charges).not.toContain(objectOf('missing_with_us'));
    expect(of('duplicate_line')).toHaveLength(2);
  });
});
