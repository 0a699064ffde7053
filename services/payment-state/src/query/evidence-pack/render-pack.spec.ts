import { captured, paymentOfOrder } from '../../testing/facts.js';
import { disputed, eventsOf, proofsFor } from '../../testing/packs.js';
import { historyOf, packOf } from './evidence-pack.js';
import { html } from './html.js';
import { masked } from './masked.js';
import { renderPack } from './render-pack.js';

const generatedAt = '2026-03-21T00:00:00.000Z';

function packAbout(orderId: string, reason?: string) {
  const paymentId = paymentOfOrder(orderId);
  const facts = disputed(orderId, reason);
  const history = historyOf(paymentId, eventsOf(paymentId, facts));
  return packOf({ paymentId, generatedAt, history, proofs: proofsFor(orderId, facts) });
}

describe('a page of evidence', () => {
  it('shows what a bank asks for, in words, major units and UTC', () => {
    const page = renderPack(packAbout('order-1'));
    for (const shown of [
      'order-1 (attempt 1)',
      'Product not received'.toLowerCase().replaceAll(' ', '_'),
      '2026-04-03 23:59:59',
      '10.00 EUR',
      'Capture succeeded',
      'Dispute withdrawal succeeded',
      'the gateway’s signed webhook',
      'STRIPE_MAIN_WEBHOOK_SECRET',
      'evt_1',
      'Released',
      'test mode: no real money',
    ]) {
      expect(page).toContain(shown);
    }
    expect(page).toMatch(/sha256 <code>[0-9a-f]{64}<\/code>/);
  });

  it('needs nothing else, and lets nothing run or load', () => {
    const page = renderPack(packAbout('order-1'));
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('content="default-src &#39;none&#39;; style-src');
    expect(page).not.toMatch(
      /<(?:script|link|img|iframe|object|embed|form|base|a)\b|https?:|url\(|@import/i,
    );
    expect(page).toContain('@media print');
  });

  it.each([
    ['a reason', (text: string) => renderPack(packAbout('order-1', text))],
    ['an order id', (text: string) => renderPack(packAbout(text))],
  ])('shows %s as text, whatever it holds', (_, render) => {
    const page = render(`<script>alert("1")</script>'&\u202e`);
    expect(page).not.toContain('<script');
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;\ufffd');
  });

  it('says so where nothing is known', () => {
    const paymentId = paymentOfOrder('order-2');
    const events = eventsOf(paymentId, captured('order-2').slice(1));
    const history = historyOf(paymentId, events);
    const page = renderPack(packOf({ paymentId, generatedAt, history, proofs: [] }));
    expect(page).toContain('Not known yet.');
    expect(page.match(/None is known\./g)).toHaveLength(3);
  });

  it('has yen without decimals, and a large sum to the last unit', () => {
    const pack = packAbout('order-1');
    const amount = { minor: '123456789012345', currency: 'JPY' };
    const page = renderPack({ ...pack, order: { ...pack.order!, amount } });
    expect(page).toContain('123456789012345 JPY');
  });
});

describe('masking', () => {
  it('leaves four digits of a card number in any text, and every amount as it is', () => {
    const pack = masked(packAbout('order 4242 4242 4242 4242', 'card 5555555555554444'));
    const text = JSON.stringify(pack) + renderPack(pack);
    expect(text).not.toMatch(/4242 4242|5555555555554444/);
    expect(text).toContain('order ****4242');
    expect(text).toContain('card ****4444');
    const amount = { minor: '4242424242424242', currency: 'EUR' };
    expect(masked({ amount, reasons: [undefined, 'x'] })).toEqual({
      amount,
      reasons: [undefined, 'x'],
    });
  });
});

test('markup is only what a template wrote', () => {
  const cells = ['<b>', 'a & b'].map((each) => html`<b title="${each}">${each}</b>`);
  expect(html`<i>${cells}${undefined}${1}</i>`.markup).toBe(
    '<i><b title="&lt;b&gt;">&lt;b&gt;</b><b title="a &amp; b">a &amp; b</b>1</i>',
  );
});
