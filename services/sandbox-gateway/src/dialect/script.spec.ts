import Stripe from 'stripe';
import { drawn, TOKENS } from '../gateway/behaviour.js';
import { errorOf } from '../testing/error-of.js';
import { ACCOUNT, runSandbox, type RunningSandbox } from '../testing/running-sandbox.js';

let running: RunningSandbox;
let stripe: Stripe;

beforeEach(async () => {
  running = await runSandbox();
  stripe = running.stripe;
});
afterEach(() => running.close());

const pay = (paymentMethod = 'pm_card_visa', idempotencyKey?: string, payment = 'order') =>
  running.pay(
    paymentMethod,
    { metadata: { paylog_payment: payment } },
    idempotencyKey === undefined ? {} : { idempotencyKey },
  );

const script = (...steps: { call: string; fault: string }[]) =>
  running.ask('PUT', `/sandbox/script/${ACCOUNT}`, { steps });
const rest = () => running.ask('GET', `/sandbox/script/${ACCOUNT}`);

describe('a script', () => {
  it('makes the next calls of a kind go wrong, each once', async () => {
    await script(
      { call: 'refund', fault: 'error_after' },
      { call: 'create', fault: 'limited' },
      { call: 'refund', fault: 'error_before' },
    );
    expect((await errorOf(pay('pm_card_visa', 'one'))).statusCode).toBe(429);
    const { id } = await pay('pm_card_visa', 'one');
    const refund = () => stripe.refunds.create({ payment_intent: id, amount: 100 });
    expect((await errorOf(refund())).statusCode).toBe(500);
    expect((await errorOf(refund())).statusCode).toBe(500);
    expect((await refund()).status).toBe('succeeded');
    const { paymentIntents } = await running.truth();
    // The first was done all the same.
    expect(paymentIntents).toMatchObject([{ amountRefunded: 200 }]);
    expect(await rest()).toEqual({ steps: [] });
  });

  it('leaves a call that is only repeated alone', async () => {
    const first = await pay('pm_card_visa', 'two');
    await script({ call: 'create', fault: 'error_before' });
    expect((await pay('pm_card_visa', 'two')).id).toBe(first.id);
    expect(await rest()).toEqual({ steps: [{ call: 'create', fault: 'error_before' }] });
  });

  it('refuses what it does not know', async () => {
    await expect(script({ call: 'create', fault: 'explode' })).rejects.toThrow('400');
  });
});

describe('a seeded token', () => {
  it('is another one, the same for a payment in every run', async () => {
    const seeds = Array.from({ length: 400 }, (_each, at) => String(at));
    const of = seeds.map((seed) => drawn('pm_sandbox_seeded', seed, 'pay1'));
    expect(of).toEqual(seeds.map((seed) => drawn('pm_sandbox_seeded', seed, 'pay1')));
    expect(of.every((token) => TOKENS.includes(token))).toBe(true);
    const plain = of.filter((token) => token === 'pm_card_visa').length;
    expect(plain).toBeGreaterThan(160);
    expect(new Set(of).size).toBeGreaterThan(15);
    expect(drawn('pm_card_visa', '1', 'pay1')).toBe('pm_card_visa');
  });

  it('is drawn when it is paid with', async () => {
    const ids = Array.from({ length: 200 }, (_each, at) => `order ${at}`);
    const id = ids.find(
      (each) => drawn('pm_sandbox_seeded', '7', each) === 'pm_card_pendingRefund',
    );
    const intent = await pay('pm_sandbox_seeded', undefined, id);
    expect(intent).toMatchObject({ status: 'succeeded', payment_method: 'pm_card_pendingRefund' });
  });
});

it('sends an event again when somebody asks for it', async () => {
  await pay();
  await running.settle();
  const { data } = await stripe.events.list({ type: 'payment_intent.succeeded' });
  const resend = (body: object) =>
    running.ask('POST', `/sandbox/events/${data[0]?.id}/resend`, body);
  running.receiver.received.length = 0;
  await resend({});
  await resend({ varied: true });
  await running.settle();
  const bodies = running.receiver.received.map(({ body }) => body.toString());
  expect(bodies).toHaveLength(2);
  expect(new Set(bodies).size).toBe(2);
  await expect(running.ask('POST', '/sandbox/events/evt_none/resend', {})).rejects.toThrow('404');
});
