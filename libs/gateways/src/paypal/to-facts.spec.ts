import { paypalEvent, PAYPAL_EVENTS } from '../simulated/paypal.js';
import { simulatedId } from '../simulated/happening.js';
import { verified } from '../signed.js';
import { AT, CONTEXT, HUNDRED, PAYMENT_ID, saidBy } from '../testing/said.js';
import type { ReadingContext, WebhookItem } from '../webhooks.js';
import { paypalWebhooks } from './webhooks.js';

const STORY = 'story';
const happening = { story: STORY, amount: HUNDRED, at: AT, paymentId: PAYMENT_ID };
const event = (name: string, resource: object = {}) => {
  const made = paypalEvent({ ...happening, event: name });
  return { ...made, resource: { ...(made['resource'] as object), ...resource } };
};

function read(body: object, context: ReadingContext = CONTEXT): WebhookItem {
  const [only] = paypalWebhooks.read(verified(Buffer.from(JSON.stringify(body))), context);
  if (only === undefined) throw new Error('nothing');
  return only;
}

const names: Readonly<Record<string, string>> = {
  [simulatedId('AUTH', STORY, 'authorization')]: 'AUTH',
  [simulatedId('CAP', STORY, 'capture')]: 'CAP',
  [simulatedId('REF', STORY, 'REFUNDED')]: 'REF',
  [simulatedId('PP-D-', STORY, 'dispute')]: 'DIS',
};
const named = (lines: readonly string[] | string) =>
  Object.entries(names).reduce(
    (text, [id, name]) => text.replaceAll(id, name),
    typeof lines === 'string' ? lines : lines.join('\n'),
  );

describe('an event of PayPal claims', () => {
  it.each([
    ['PAYMENT.AUTHORIZATION.CREATED', 'authorization AUTH succeeded 10000 EUR'],
    ['PAYMENT.AUTHORIZATION.VOIDED', 'void AUTH/void succeeded of AUTH'],
    ['PAYMENT.CAPTURE.COMPLETED', 'capture CAP succeeded 10000 EUR of AUTH'],
    ['PAYMENT.CAPTURE.PENDING', 'capture CAP pending 10000 EUR of AUTH'],
    ['PAYMENT.CAPTURE.DECLINED', 'capture CAP refused of AUTH'],
    ['PAYMENT.CAPTURE.REFUNDED', 'refund REF succeeded 10000 EUR of CAP'],
    ['PAYMENT.CAPTURE.REVERSED', 'capture CAP reversed 10000 EUR'],
    ['CUSTOMER.DISPUTE.CREATED', 'dispute DIS inquiry opened 10000 EUR of CAP'],
    ['CUSTOMER.DISPUTE.UPDATED', 'dispute DIS chargeback opened 10000 EUR of CAP'],
    ['CUSTOMER.DISPUTE.RESOLVED', 'dispute DIS chargeback won 10000 EUR of CAP'],
    ['CHECKOUT.ORDER.APPROVED', 'order'],
  ])('%s: %s', (name, line) => {
    expect(named(saidBy(read(event(name))))).toBe(line);
  });

  it.each([
    ['RESOLVED_BUYER_FAVOUR', 'CHARGEBACK', 'lost'],
    ['RESOLVED_WITH_PAYOUT', 'CHARGEBACK', 'won'],
    ['CANCELED_BY_BUYER', 'INQUIRY', 'closed'],
    ['CANCELED_BY_BUYER', 'ARBITRATION', 'won'],
    ['ACCEPTED', 'PRE_ARBITRATION', 'accepted'],
  ])('that a dispute ended as %s at %s: %s', (outcome_code, stage, outcome) => {
    const resource = { dispute_outcome: { outcome_code }, dispute_life_cycle_stage: stage };
    expect(read(event('CUSTOMER.DISPUTE.RESOLVED', resource))).toMatchObject({
      facts: [{ outcome }],
    });
  });

  it('and nothing that counts: no signature covers it, and it teaches no reference', () => {
    for (const name of PAYPAL_EVENTS) {
      const item = read(event(name));
      if (item.kind !== 'facts') continue;
      expect(item).toMatchObject({ unconfirmed: true });
      expect(item.references).toBeUndefined();
    }
  });
});

describe('an event of PayPal', () => {
  it.each([
    ['a comma', '1,00'],
    ['a sign', '-1.00'],
    ['an exponent', '1e3'],
    ['too many decimals', '1.001'],
    ['too many digits', '1'.repeat(20)],
    ['nothing', ' '],
  ])('with an amount of %s is unreadable', (_, value) => {
    const amount = { currency_code: 'EUR', value };
    expect(read(event('PAYMENT.CAPTURE.COMPLETED', { amount }))).toMatchObject({
      kind: 'unreadable',
    });
  });

  it.each([
    ['JPY', '100', 100n],
    ['HUF', '100', 10_000n],
    ['TWD', '100', 10_000n],
    ['EUR', '1', 100n],
    ['EUR', '1.5', 150n],
  ])('counts %s as PayPal does: %s is %i', (currency_code, value, minor) => {
    const amount = { currency_code, value };
    expect(read(event('PAYMENT.CAPTURE.COMPLETED', { amount }))).toMatchObject({
      facts: [{ amount: { minor, currency: currency_code } }],
    });
  });

  it.each([
    ['JPY', '100.5'],
    ['KWD', '1.000'],
    ['XXX', '1.00'],
  ])('takes no %s %s', (currency_code, value) => {
    const amount = { currency_code, value };
    expect(read(event('PAYMENT.CAPTURE.COMPLETED', { amount })).kind).toBe('unreadable');
  });

  it.each([
    ['no amount', event('PAYMENT.CAPTURE.COMPLETED', { amount: undefined })],
    [
      'an amount that is a number',
      event('PAYMENT.CAPTURE.COMPLETED', { amount: { currency_code: 'EUR', value: 1 } }),
    ],
    [
      'an outcome nobody knows',
      event('CUSTOMER.DISPUTE.RESOLVED', { dispute_outcome: { outcome_code: 'NONE' } }),
    ],
    ['no resource', { ...event('PAYMENT.CAPTURE.COMPLETED'), resource: null }],
    ['no id', { event_type: 'PAYMENT.CAPTURE.COMPLETED' }],
  ])('with %s is unreadable, and says why', (_, body) => {
    expect(read(body)).toMatchObject({
      kind: 'unreadable',
      error: expect.stringMatching(/\w{3}/),
    });
  });

  it('that names no payment of ours waits for the gateway’s ids', () => {
    const unnamed = event('PAYMENT.CAPTURE.COMPLETED', { custom_id: 'order-1' });
    const capture = simulatedId('CAP', STORY, 'capture');
    const item = read(unnamed);
    expect(item).toMatchObject({ kind: 'unresolved' });
    expect(item.kind === 'unresolved' && item.references).toContain(capture);
  });

  it('is known by its id and its transmission', () => {
    const body = Buffer.from(JSON.stringify(event('CHECKOUT.ORDER.APPROVED')));
    const headers = { 'paypal-transmission-id': 'tid' };
    expect(paypalWebhooks.identify({ body, headers })).toEqual({
      eventId: expect.stringMatching(/^WH-/),
      transmissionId: 'tid',
    });
  });
});
