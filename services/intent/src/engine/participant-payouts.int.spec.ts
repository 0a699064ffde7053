import { toWirePayment } from '@paylog/contracts';
import type { Splits } from '@paylog/payment-domain';
import { eventually } from '@paylog/testing';
import { toStuck } from '../query/stuck.js';
import { FakeGateway } from '../testing/fake-gateway.js';
import { openBench, paymentOf, placeRequest, type Bench } from '../testing/intent-bench.js';
import { PARTICIPANT_UNKNOWN } from './participant-payouts.js';
import { selectWaiting } from './stuck.sql.js';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const splits: Splits = {
  participants: [
    { participant: 'seller', basisPoints: 8_000 },
    { participant: 'courier', minor: 50n },
  ],
  refunds: { rule: 'proportional' },
};

async function paid(orderId: string): Promise<string> {
  const asked = placeRequest({ orderId });
  const request = { ...asked.request, splits } as typeof asked.request;
  const { status } = await bench.requests().execute({ ...asked, request });
  expect(status).toBe(201);
  return paymentOf(orderId);
}

/** As if payment-state had told of all that our log has said. */
async function project(paymentId: string): Promise<void> {
  const { intent } = await bench.known(paymentId);
  const state = toWirePayment(intent.payment);
  const payments = [{ paymentId, version: intent.version, state, gatewayToldAt: null }];
  await bench.log.append([], { effects: { payments, touch: [paymentId] } });
}

describe('shares on a real log', () => {
  it('go on once payment-state told of the capture, and leave the payment final', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const id = await paid('split');
    expect(gateway.participants.done).toEqual([]);
    await project(id);
    await eventually('both were paid', () => gateway.participants.done.length === 2);
    expect(gateway.participants.heldBy('seller')).toBe(800n);
    expect(gateway.participants.heldBy('courier')).toBe(50n);
    await eventually('all of it is written down', async () => {
      const { intent } = await bench.known(id);
      return (
        intent.payment.final && intent.own.every(({ calls }) => calls.every((c) => c.answered))
      );
    });
    await project(id);
    const rows = (await bench.log.readStream(id)).length;
    await project(id);
    expect((await bench.log.readStream(id)).length).toBe(rows);
    expect(gateway.participants.doneTwice).toBe(0);
  });

  it('that can’t go on are listed as stuck, though the payment is final', async () => {
    const gateway = new FakeGateway();
    gateway.participants.unknown.add('seller');
    bench.startWorker(gateway);
    const id = await paid('unknown');
    await project(id);
    await eventually('the other one was paid', () => gateway.participants.done.length === 1);
    await eventually('it is written down', async () => {
      const { intent } = await bench.known(id);
      return intent.payment.final;
    });
    await project(id);
    await eventually('it waits for a participant', async () => {
      const waiting = await selectWaiting(bench.pool, -1_000, 10);
      return waiting.some(({ paymentId, why }) => paymentId === id && why === PARTICIPANT_UNKNOWN);
    });
    const [waiting] = await selectWaiting(bench.pool, -1_000, 10);
    expect(toStuck(waiting!)).toMatchObject({
      paymentId: id,
      nextStep: { action: 'pays them once the account names them' },
    });
  });
});
