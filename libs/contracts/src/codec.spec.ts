import fc from 'fast-check';
import { decode, decodeMessage, encode, InvalidMessage } from './codec.js';
import { messageNames, type TopicName } from './messages.js';
import {
  FULFILLMENT_EVENTS,
  GATEWAY_NOTIFICATIONS,
  OPERATIONS_COMMANDS,
  PAYMENTS_INTENTS,
  STOREFRONT_ORDERS,
} from './topic-names.js';
import { TOPICS } from './topics.js';

const order = {
  storefront: 'shop',
  orderId: 'R-1001',
  amount: { minor: '4990', currency: 'EUR' },
  paymentMethod: 'pm_card_visa',
};
const payment = 'payc5cd4mvalxcmsvgdr3aly23vv4';
const fact = {
  type: 'operation',
  id: 'f1',
  at: '2026-03-02T09:14:07Z',
  source: 'webhook',
  operation: 'ch_1',
  kind: 'capture',
  outcome: 'succeeded',
  amount: { minor: '4990', currency: 'EUR' },
};
const evidence = { id: 'e1', account: 'stripe-main', eventId: 'evt_1', sha256: 'a'.repeat(64) };
const notification = { paymentId: payment, fact, evidence };

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const placed = (value: unknown) => decode(STOREFRONT_ORDERS, 'OrderPlaced', bytes(value));

describe('an order that decodes', () => {
  it('is given as it came', () => {
    expect(placed(order)).toEqual({ ok: true, data: order });
  });

  it.each([
    ['a long but legal id', { orderId: 'x'.repeat(64) }],
    ['an id in any script', { orderId: 'заказ 7' }],
    ['the smallest amount', { amount: { minor: '1', currency: 'JPY' } }],
    ['the largest amount', { amount: { minor: '9'.repeat(15), currency: 'JPY' } }],
    ['splits', { splits: [{ participant: 'seller-1', amount: order.amount }] }],
  ])('may have %s', (_, change) => {
    expect(placed({ ...order, ...change })).toMatchObject({ ok: true });
  });
});

describe('a bad order', () => {
  it.each<[string, object, string, RegExp]>([
    ['no order id', { orderId: undefined }, '/orderId', /required/],
    ['an empty order id', { orderId: '' }, '/orderId', /./],
    ['an order id of 65 characters', { orderId: 'x'.repeat(65) }, '/orderId', /64/],
    ['spaces round the order id', { orderId: ' R-1' }, '/orderId', /pattern/],
    ['a line break in the order id', { orderId: 'R\n1' }, '/orderId', /pattern/],
    ['a number as order id', { orderId: 1001 }, '/orderId', /string/],
    ['a storefront with capitals', { storefront: 'Shop' }, '/storefront', /pattern/],
    ['attempt 0', { attempt: 0 }, '/attempt', /1/],
    ['half an attempt', { attempt: 1.5 }, '/attempt', /integer/],
    ['an attempt as text', { attempt: '1' }, '/attempt', /integer/],
    ['an attempt beyond all bounds', { attempt: 1e21 }, '/attempt', /./],
    ['no amount', { amount: undefined }, '/amount', /required/],
    ['no currency', { amount: { minor: '1' } }, '/amount/currency', /required/],
    [
      'a currency in lower case',
      { amount: { minor: '1', currency: 'eur' } },
      '/amount/currency',
      /./,
    ],
    ['no such currency', { amount: { minor: '1', currency: 'ZZZ' } }, '/amount/currency', /4217/],
    ['an amount of nothing', { amount: { minor: '0', currency: 'EUR' } }, '/amount/minor', /./],
    ['a negative amount', { amount: { minor: '-1', currency: 'EUR' } }, '/amount/minor', /./],
    ['a plus sign', { amount: { minor: '+1', currency: 'EUR' } }, '/amount/minor', /./],
    ['a leading zero', { amount: { minor: '01', currency: 'EUR' } }, '/amount/minor', /./],
    ['a fraction', { amount: { minor: '1.5', currency: 'EUR' } }, '/amount/minor', /./],
    ['an exponent', { amount: { minor: '1e3', currency: 'EUR' } }, '/amount/minor', /./],
    ['16 digits', { amount: { minor: '1'.repeat(16), currency: 'EUR' } }, '/amount/minor', /./],
    ['a number as amount', { amount: { minor: 4990, currency: 'EUR' } }, '/amount/minor', /string/],
    [
      'digits of another script',
      { amount: { minor: '٤٩', currency: 'EUR' } },
      '/amount/minor',
      /./,
    ],
    [
      'a line break after the amount',
      { amount: { minor: '1\n', currency: 'EUR' } },
      '/amount/minor',
      /./,
    ],
    ['null as amount', { amount: null }, '/amount', /object/],
    ['a list as amount', { amount: [] }, '/amount', /object|required/],
    ['a field that nobody knows', { amout: 1 }, '/amout', /known field/],
    ['one deeper', { amount: { ...order.amount, cents: 1 } }, '/amount/cents', /known field/],
    ['one with a slash', { 'a/b~c': 1 }, '/a~1b~0c', /known field/],
    ['another capture mode', { captureMode: 'later' }, '/captureMode', /automatic, manual/],
    [
      '51 splits',
      { splits: Array(51).fill({ participant: 's', amount: order.amount }) },
      '/splits',
      /50/,
    ],
    [
      'a bad split',
      { splits: [{ participant: 's', amount: {} }] },
      '/splits/0/amount/minor',
      /required/,
    ],
    ['a lone surrogate', { customerReference: 'a\ud800' }, '/customerReference', /Unicode/],
    ['U+0000', { customerReference: 'a\u0000' }, '/customerReference', /U\+0000/],
    ['U+0000 in a name', { 'a\u0000': 1 }, '', /U\+0000/],
    ['a card number', { customerReference: '4242 4242 4242 4242' }, '/customerReference', /card/],
    ['a card as payment method', { paymentMethod: '4242424242424242' }, '/paymentMethod', /card/],
  ])('has %s', (_, change, path, error) => {
    expect(placed({ ...order, ...change })).toEqual({
      ok: false,
      path,
      error: expect.stringMatching(error) as unknown,
    });
  });

  it('has a card number in the reason of a refund', () => {
    const refund = {
      storefront: 'shop',
      orderId: 'R-1',
      reference: 'r',
      reason: 'to 4242-4242-4242-4242',
    };
    const decoded = decode(STOREFRONT_ORDERS, 'RefundRequested', bytes(refund));
    expect(decoded).toMatchObject({ ok: false, path: '/reason' });
  });

  it('does not see its bad field names repeated', () => {
    const decoded = placed({ ...order, '4242424242424242': 'x' });
    expect(decoded).toMatchObject({ ok: false, path: '' });
  });
});

describe('bytes that are no message', () => {
  it.each<[string, Buffer | null, RegExp]>([
    ['nothing', null, /no value/],
    ['an empty value', Buffer.alloc(0), /JSON/],
    ['broken JSON', Buffer.from('{"storefront":'), /JSON/],
    ['JSON and more', Buffer.from('{} {}'), /JSON/],
    ['a byte order mark', Buffer.from('\ufeff{}'), /JSON/],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), /UTF-8/],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0x80, 0x22]), /UTF-8/],
    ['UTF-16', Buffer.from('{}', 'utf16le'), /JSON/],
    ['more than a megabyte', Buffer.alloc(1_000_001, 0x20), /longer than/],
    ['null', Buffer.from('null'), /object/],
    ['a list', Buffer.from('[]'), /object|required/],
    ['a text', Buffer.from('"x"'), /object/],
  ])('%s', (_, value, error) => {
    const decoded = decode(STOREFRONT_ORDERS, 'OrderPlaced', value);
    expect(decoded).toMatchObject({ ok: false, error: expect.stringMatching(error) as unknown });
  });

  it('nested without end', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = Buffer.from(open.repeat(100_000) + '1' + close.repeat(100_000));
      const decoded = decode(GATEWAY_NOTIFICATIONS, 'FactRecorded', deep);
      expect(decoded).toMatchObject({
        ok: false,
        error: expect.stringMatching(/nested|JSON/) as unknown,
      });
    }
  });

  it('that reach for a prototype', () => {
    const text = JSON.stringify(notification).replace('{', '{"__proto__":{"polluted":true},');
    const decoded = decode(GATEWAY_NOTIFICATIONS, 'FactRecorded', Buffer.from(text));
    expect(decoded).toMatchObject({ ok: false, path: '/__proto__' });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  const anyTopic = fc.constantFrom(...TOPICS.map(({ name }) => name));

  it('never make decode throw', () => {
    fc.assert(
      fc.property(anyTopic, fc.uint8Array({ maxLength: 200 }), (topic, value) => {
        const [type] = messageNames(topic);
        expect(decodeMessage(topic, String(type), value).ok).toBe(false);
      }),
    );
  });

  it('never make decode throw, though they are JSON', () => {
    const json = fc.json({ maxDepth: 6, stringUnit: 'binary' });
    fc.assert(
      fc.property(anyTopic, json, (topic, text) => {
        for (const type of messageNames(topic).slice(0, 6)) {
          expect(decodeMessage(topic, type, Buffer.from(text)).ok).toBe(false);
        }
      }),
    );
  });
});

describe('types and versions', () => {
  it.each(['OrderShipped', '', 'constructor', '__proto__', 'toString'])(
    'refuse type "%s"',
    (type) => {
      expect(decodeMessage(STOREFRONT_ORDERS, type, bytes(order))).toMatchObject({
        ok: false,
        path: '',
      });
    },
  );

  it('refuse a topic that is none', () => {
    expect(decodeMessage('constructor' as TopicName, 'name', bytes(order)).ok).toBe(false);
  });

  it.each([0, 2, 1.5, Number.NaN])('refuse schema version %s', (version) => {
    const decoded = decode(STOREFRONT_ORDERS, 'OrderPlaced', bytes(order), version);
    expect(decoded).toMatchObject({
      ok: false,
      path: '',
      error: expect.stringContaining('known are 1 to 1') as unknown,
    });
  });

  it('narrow data by type', () => {
    const decoded = decodeMessage(STOREFRONT_ORDERS, 'OrderPlaced', bytes(order));
    expect(decoded.ok && decoded.type === 'OrderPlaced' && decoded.data.amount.minor).toBe('4990');
  });
});

describe('facts', () => {
  const withFact = (change: object) =>
    decode(
      GATEWAY_NOTIFICATIONS,
      'FactRecorded',
      bytes({ ...notification, fact: { ...fact, ...change } }),
    );

  it.each<[string, object, string, RegExp]>([
    ['no such type', { type: 'rumour' }, '/fact/type', /terms|operation|must/],
    ['no such kind', { kind: 'gift' }, '/fact/kind', /must be one of session/],
    ['a bad amount', { amount: { minor: '-1', currency: 'EUR' } }, '/fact/amount/minor', /./],
    ['no time', { at: undefined }, '/fact/at', /required/],
    ['a time of another zone', { at: '2026-03-02T09:14:07+01:00' }, '/fact/at', /./],
    ['an impossible day', { at: '2026-02-30T09:14:07Z' }, '/fact/at', /./],
    ['a retraction of nothing', { type: 'retraction', reason: 'x' }, '/fact/retracts', /required/],
  ])('name the branch that was meant: %s', (_, change, path, error) => {
    expect(withFact(change)).toEqual({
      ok: false,
      path,
      error: expect.stringMatching(error) as unknown,
    });
  });

  it('may be about nothing, and may hold digits like a card’s: webhooks are not refused for content', () => {
    const change = { amount: { minor: '0', currency: 'EUR' }, reason: '4242424242424242' };
    expect(withFact(change)).toMatchObject({ ok: true });
  });
});

describe('unknown fields', () => {
  it('pass on our own topics, and are kept', () => {
    const data = { ...notification, later: 1, fact: { ...fact, later: 2 } };
    expect(decode(GATEWAY_NOTIFICATIONS, 'FactRecorded', bytes(data))).toEqual({ ok: true, data });
  });

  it('are refused in commands', () => {
    const command = {
      service: 'intent',
      parkedId: 'p',
      operator: 'dana',
      reason: 'r',
      mendet: 'x',
    };
    const decoded = decode(OPERATIONS_COMMANDS, 'ReplayParked', bytes(command));
    expect(decoded).toMatchObject({ ok: false, path: '/mendet' });
  });
});

describe('encode', () => {
  const decision = {
    paymentId: payment,
    storefront: 'shop',
    orderId: 'R-1001',
    part: 'all' as const,
    reason: 'paid',
    causedBy: 'f1',
  };

  it('gives equal bytes for equal data', () => {
    const turned = Object.fromEntries(Object.entries(decision).reverse()) as typeof decision;
    const encoded = encode(FULFILLMENT_EVENTS, 'FulfillmentReleased', decision);
    expect(encode(FULFILLMENT_EVENTS, 'FulfillmentReleased', turned)).toEqual(encoded);
    expect(encoded.toString()).toMatch(/^\{"causedBy":"f1","orderId":/);
  });

  it.each<[string, object, string]>([
    ['a field left out', { reason: undefined }, '/reason'],
    ['a field nobody knows', { customerEmail: 'x' }, '/customerEmail'],
    ['a payment id of another make', { paymentId: 'pay_1' }, '/paymentId'],
    ['a text that Postgres refuses', { reason: 'a\u0000' }, '/reason'],
  ])('throws on %s', (_, change, path) => {
    const data = { ...decision, ...change };
    const attempt = () => encode(FULFILLMENT_EVENTS, 'FulfillmentReleased', data);
    expect(attempt).toThrow(InvalidMessage);
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'invalid_message', transient: false, path }),
    );
  });

  it('throws on a bigint that was not turned into a text', () => {
    const raw = { ...fact, amount: { minor: 4990n, currency: 'EUR' } } as never;
    expect(() =>
      encode(PAYMENTS_INTENTS, 'FactRecorded', { paymentId: payment, fact: raw }),
    ).toThrow(InvalidMessage);
  });
});
