import { factId, foundPaymentId, operationId, paymentId, stableId } from './ids.js';

const order = { mode: 'test', storefront: 'shop', orderId: 'R-1001', attempt: 1 } as const;

describe('ids', () => {
  it('are three letters and 26 characters of base32, within the limits of gateways', () => {
    expect(paymentId(order)).toMatch(/^pay[a-z2-7]{26}$/);
    expect(operationId(paymentId(order), 'capture', 'c-1')).toMatch(/^cap[a-z2-7]{26}$/);
    expect(factId('webhook', 'stripe-main', 'evt_1')).toMatch(/^fct[a-z2-7]{26}$/);
  });

  it('stay what they are: stored payments depend on it', () => {
    expect(paymentId(order)).toBe('payc5cd4mvalxcmsvgdr3aly23vv4');
    expect(operationId(paymentId(order), 'void', 'all')).toBe('voiosejwztbtec4swsrajcameclnu');
    expect(factId('webhook', 'stripe-main', 'evt_1', '0')).toBe('fct2ga2b3zujaxnuzzs76qf7wbljb');
  });

  it('of found payments follow from the account and the gateway’s id, and are no order’s', () => {
    const found = { mode: 'test', account: 'stripe-main', object: 'pi_3OqW' } as const;
    expect(foundPaymentId(found)).toBe('payh4wo2xnvbfl6d7ycyjdwfn2qix');
    const others = [{ mode: 'live' as const }, { account: 'stripe-eu' }, { object: 'pi_2' }];
    const ids = others.map((other) => foundPaymentId({ ...found, ...other }));
    expect(new Set([...ids, foundPaymentId(found)]).size).toBe(4);
    const order = { mode: 'test', storefront: 'stripe-main', orderId: 'pi_3OqW' } as const;
    expect(foundPaymentId(found)).not.toBe(paymentId({ ...order, attempt: 1 }));
  });

  it('encode base32 as RFC 4648 does', () => {
    // sha256 over (00 00 00 03 'x' 'x' 'x'), computed with openssl and base32.
    expect(stableId('xxx')).toBe('xxxyrnlpufcotm4kidauof5ua5pqx');
  });

  it.each([
    ['mode', { ...order, mode: 'live' as const }],
    ['storefront', { ...order, storefront: 'shop2' }],
    ['order', { ...order, orderId: 'R-1002' }],
    ['attempt', { ...order, attempt: 2 }],
  ])('differ by %s', (_, other) => {
    expect(paymentId(other)).not.toBe(paymentId(order));
  });

  it('keep parts apart', () => {
    expect(factId('ab', 'c')).not.toBe(factId('a', 'bc'));
    expect(factId('a', '')).not.toBe(factId('a'));
    expect(paymentId({ ...order, storefront: 'shopR', orderId: '-1001' })).not.toBe(
      paymentId(order),
    );
  });

  it('differ by kind for one reference', () => {
    const kinds = ['session', 'authorization', 'capture', 'void', 'refund', 'hold'] as const;
    const ids = kinds.map((kind) => operationId(paymentId(order), kind, '1'));
    expect(ids.map((id) => id.slice(0, 3))).toEqual(['ses', 'aut', 'cap', 'voi', 'ref', 'hol']);
    expect(new Set(ids.map((id) => id.slice(3))).size).toBe(kinds.length);
  });
});
