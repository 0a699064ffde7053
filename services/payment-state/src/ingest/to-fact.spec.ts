import { GATEWAY_NOTIFICATIONS, PAYMENTS_INTENTS, SETTLEMENT_FACTS } from '@paylog/contracts';
import { message, operation, paymentOfOrder, terms } from '../testing/facts.js';
import { toFact } from './to-fact.js';

const payment = paymentOfOrder('order-1');
const good = message(payment, terms('order-1'), 0n);
const captured = operation(payment, 'capture', 'succeeded');

describe('a message', () => {
  it('tells its fact', () => {
    expect(toFact(good)).toEqual({
      kind: 'fact',
      report: { paymentId: payment, fact: terms('order-1') },
    });
  });

  it('tells it on each topic of facts', () => {
    const evidence = {
      id: 'evd1',
      account: 'stripe-main',
      eventId: 'evt_1',
      sha256: 'a'.repeat(64),
    };
    const line = { statement: 'po_1', number: 1 };
    for (const [topic, more] of [
      [GATEWAY_NOTIFICATIONS, { evidence }],
      [SETTLEMENT_FACTS, { line }],
    ] as const) {
      const { value, ...rest } = message(payment, captured, 0n, { topic });
      const body = { ...(JSON.parse(String(value)) as object), ...more };
      expect(toFact({ ...rest, value: Buffer.from(JSON.stringify(body)) })).toMatchObject({
        kind: 'fact',
        report: { fact: captured },
      });
    }
  });

  it('tells what is known of it when a newer writer adds fields', () => {
    const body = JSON.parse(String(good.value)) as { fact: object };
    const newer = { ...body, fact: { ...body.fact, channel: 'kiosk' }, seen: 1 };
    expect(toFact({ ...good, value: Buffer.from(JSON.stringify(newer)) })).toEqual(toFact(good));
  });

  it('hands its trace on when it is well-formed, and is a fact all the same when it is not', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const traced = { ...good.headers, traceparent, correlationid: 'c-1' };
    expect(toFact({ ...good, headers: traced })).toMatchObject({
      report: { traceparent, correlationId: 'c-1' },
    });
    const hostile = { ...good.headers, traceparent: 'x\u0000', correlationid: 'a\u0000b' };
    expect(toFact({ ...good, headers: hostile })).toEqual(toFact(good));
  });

  it('that refuses or conflicts tells none', () => {
    const data = {
      paymentId: payment,
      storefront: 'shop',
      orderId: 'order-1',
      attempt: 1,
      requestId: 'r1',
      field: 'amount',
      accepted: '10',
      received: '11',
    };
    const headers = { ...good.headers, ce_type: 'IntentConflicted' };
    const value = Buffer.from(JSON.stringify(data));
    expect(toFact({ ...good, headers, value })).toEqual({ kind: 'other' });
  });

  it.each([
    ['no value', { value: null }],
    ['broken JSON', { value: Buffer.from('{"paymentId":') }],
    ['invalid UTF-8', { value: Buffer.from([0x7b, 0xff, 0x7d]) }],
    ['no type', { headers: { ce_id: 'x' } }],
    ['a type unknown here', { headers: { ce_id: 'x', ce_type: 'Nonsense' } }],
    ['a version from the future', { headers: { ...good.headers, ce_schemaversion: '99' } }],
    ['no key', { key: null }],
    ['another payment in its value', { key: paymentOfOrder('order-2') }],
    ['a partition that is not its key’s', { partition: (good.partition + 1) % 8 }],
  ])('with %s is poison, and says why', (_, more) => {
    const read = toFact({ ...good, ...more });
    expect(read).toMatchObject({ kind: 'poison', error: expect.stringMatching(/\w{3}/) });
  });

  it('is matched against the schema of its own topic', () => {
    expect(toFact({ ...good, topic: PAYMENTS_INTENTS }).kind).toBe('fact');
    expect(toFact({ ...good, topic: SETTLEMENT_FACTS }).kind).toBe('poison');
  });
});
