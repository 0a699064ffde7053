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
