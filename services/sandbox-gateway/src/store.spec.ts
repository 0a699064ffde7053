import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSandbox } from './testing/running-sandbox.js';

const directory = mkdtempSync(join(tmpdir(), 'sandbox-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

const params = {
  amount: 1000,
  currency: 'eur',
  confirm: true,
  payment_method: 'pm_card_visa',
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
} as const;

it('keeps payments, keys and unsent webhooks over a restart, and half a line does no harm', async () => {
  const dataFile = join(directory, 'data.ndjson');
  const first = await runSandbox({ dataFile });
  first.receiver.answer = () => 503;
  const options = { idempotencyKey: 'kept' };
  const before = await first.stripe.paymentIntents.create(params, options);
  const truth = await first.truth();
  await first.close();
  appendFileSync(dataFile, '["intents","pi_half",{"acc');

  const second = await runSandbox({ dataFile });
  try {
    expect(await second.truth()).toEqual(truth);
    const after = await second.stripe.paymentIntents.create(params, options);
    expect(after.id).toBe(before.id);
    await second.settle();
    expect(second.receiver.received).toHaveLength(4);
  } finally {
    await second.close();
  }
});

it('does after a restart what was still to come', async () => {
  const dataFile = join(directory, 'pending.ndjson');
  const first = await runSandbox({ dataFile });
  const pay = (paymentMethod: string, captureMethod: 'automatic' | 'manual' = 'automatic') =>
    first.stripe.paymentIntents.create({
      ...params,
      payment_method: paymentMethod,
      capture_method: captureMethod,
    });
  const disputed = await pay('pm_sandbox_disputeWon');
  const debited = await pay('pm_usBankAccount_success');
  const held = await pay('pm_sandbox_expires', 'manual');
  const review = await pay('pm_sandbox_review');
  await first.ask('PUT', '/sandbox/script/stripe-main', {
    steps: [{ call: 'refund', fault: 'error_before' }],
  });
  await first.close();

  const second = await runSandbox({ dataFile });
  try {
    await second.settle();
    const { paymentIntents } = await second.truth();
    const of = ({ id }: { id: string }) => paymentIntents.find((intent) => intent.id === id);
    expect(of(disputed)).toMatchObject({ disputes: [{ status: 'won', reinstated: 1000 }] });
    expect(of(debited)).toMatchObject({ status: 'succeeded', captures: 1 });
    expect(of(held)).toMatchObject({ status: 'canceled', amountReleased: 1000 });
    expect(of(review)).toMatchObject({ reviews: [{ open: true }] });
    const refund = () => second.stripe.refunds.create({ payment_intent: review.id });
    await expect(refund()).rejects.toThrow();
    expect((await refund()).status).toBe('succeeded');
  } finally {
    await second.close();
  }
});
