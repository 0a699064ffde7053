import { STOREFRONTS } from '../testing/storefronts.js';
import { readOrderMessage, toRequest } from './order-messages.js';

const TOPIC = 'storefront.orders.v1';
const read = (type: string | undefined, data: unknown) =>
  readOrderMessage(TOPIC, type, Buffer.from(JSON.stringify(data)), STOREFRONTS);
const placed = {
  storefront: 'shop',
  orderId: 'o-1',
  amount: { minor: '1000', currency: 'EUR' },
  paymentMethod: 'pm_card_visa',
};
const meta = { id: 'event-1', at: '2026-03-01T12:00:00.000Z', latestAttempt: 3 };

describe('a storefront’s message', () => {
  it('becomes a request of the first attempt, captured automatically, with its token apart', () => {
    const message = read('OrderPlaced', placed);
    if (!message.ok) throw new Error(message.error);
    const asked = toRequest(message.message, meta, STOREFRONTS);
    expect(asked).toMatchObject({
      request: { type: 'place', attempt: 1, captureMode: 'automatic', account: 'stripe-main' },
      details: { paymentMethod: 'pm_card_visa' },
    });
    expect('request' in asked && Object.keys(asked.request)).not.toContain('paymentMethod');
  });

  it('says whether goods may go in parts', () => {
    const shippingOf = (shipping?: string) => {
      const message = read('OrderPlaced', { ...placed, ...(shipping && { shipping }) });
      if (!message.ok) throw new Error(message.error);
      const asked = toRequest(message.message, meta, STOREFRONTS);
      return 'request' in asked && 'shipping' in asked.request && asked.request.shipping;
    };
    expect([shippingOf('parts'), shippingOf('whole'), shippingOf()]).toEqual([
      'parts',
      false,
      false,
    ]);
  });

  it('says whether more captures follow', () => {
    const finalOf = (final?: boolean) => {
      const ready = { storefront: 'shop', orderId: 'o-1', reference: 'parcel-1' };
      const message = read('OrderReadyToShip', { ...ready, ...(final !== undefined && { final }) });
      if (!message.ok) throw new Error(message.error);
      const asked = toRequest(message.message, meta, STOREFRONTS);
      if (!('request' in asked) || asked.request.type !== 'capture') throw new Error('no capture');
      return asked.request.final;
    };
    expect([finalOf(false), finalOf(true), finalOf()]).toEqual([false, true, undefined]);
  });

  it('about an order without an attempt is about the last one', () => {
    const message = read('OrderCancelled', { storefront: 'shop', orderId: 'o-1' });
    if (!message.ok) throw new Error(message.error);
    expect(toRequest(message.message, meta, STOREFRONTS)).toMatchObject({
      request: { attempt: 3 },
    });
  });

  it.each([
    ['no type', undefined, placed, 'ce_type', false],
    ['an unknown type', 'OrderPondered', placed, 'OrderPondered', false],
    [
      'a bad amount',
      'OrderPlaced',
      { ...placed, amount: { minor: '1.5', currency: 'EUR' } },
      'amount.minor',
      true,
    ],
    [
      'an unknown currency',
      'OrderPlaced',
      { ...placed, amount: { minor: '1', currency: 'XXQ' } },
      'amount.currency',
      true,
    ],
    ['a misspelt field', 'OrderPlaced', { ...placed, captureMod: 'manual' }, 'captureMod', true],
    ['no order', 'OrderPlaced', { ...placed, orderId: undefined }, 'orderId', false],
    ['a foreign storefront', 'OrderPlaced', { ...placed, storefront: 'other' }, 'other', false],
    [
      'a card number',
      'OrderCancelled',
      { storefront: 'shop', orderId: 'o-1', reason: '4242 4242 4242 4242' },
      'reason',
      true,
    ],
  ])('with %s is unusable; told to whom it may concern', (_name, type, data, named, told) => {
    const message = read(type, data);
    expect(message.ok).toBe(false);
    if (message.ok) return;
    expect(message.error).toContain(named);
    expect(message.error).not.toContain('4242');
    expect(message.refused !== undefined).toBe(told);
  });

  it('must not choose another storefront’s account', () => {
    const message = read('OrderPlaced', { ...placed, account: 'stripe-other' });
    if (!message.ok) throw new Error(message.error);
    expect(toRequest(message.message, meta, STOREFRONTS)).toMatchObject({
      refused: { reason: 'account_unknown', field: 'account' },
    });
  });
});
