import { decode, GATEWAY_NOTIFICATIONS, partitionOf } from '@paylog/contracts';
import { toEvidence } from '../ingest/evidence.js';
import { bytes, event, paid, PAYMENT, refunded } from '../testing/stripe.js';
import { read, type Reading, type Stored, toParked } from './map-evidence.js';

const nobody = () => undefined;
const one = { ordinal: 0, count: 1 } as const;

const stored = (
  body: Buffer,
  { receivedAt = '2026-03-01T12:00:00.000Z', secret = 'SECRET' } = {},
): Stored => {
  const delivery = { gateway: 'stripe', account: 'stripe-main', body, headers: {}, receivedAt };
  return { evidence: toEvidence(delivery, secret), body, lane: 0, position: 7n };
};

const appendsOf = (readings: readonly Reading[]) =>
  readings
    .flatMap((each) => (each.outcome === 'facts' ? each.facts : []))
    .map(({ append }) => append);

function reading(body: Buffer, paymentOf: (id: string) => string | undefined = nobody): Reading {
  const [only, ...others] = read(stored(body), 'test', paymentOf);
  if (only === undefined || others.length > 0) throw new Error('not one reading');
  return only;
}

describe('reading evidence', () => {
  it('gives facts of the payment that the webhook names, each with its evidence', () => {
    const result = reading(bytes(paid('evt_1', PAYMENT)));
    expect(result).toMatchObject({ outcome: 'facts', paymentId: PAYMENT });
    const facts = result.outcome === 'facts' ? result.facts : [];
    expect(facts.length).toBeGreaterThan(1);
    for (const { fact, append } of facts) {
      expect(append).toMatchObject({ stream: PAYMENT, lane: partitionOf(PAYMENT), key: fact.id });
      const message = decode(GATEWAY_NOTIFICATIONS, 'FactRecorded', append.rows.at(0)!.data);
      expect(message).toMatchObject({
        ok: true,
        data: { paymentId: PAYMENT, evidence: { eventId: 'evt_1', account: 'stripe-main' } },
      });
    }
  });

  it('says when each webhook came and which secret vouched for it, and is no other content for that', () => {
    const body = bytes(paid('evt_1', PAYMENT));
    const [first, later] = [
      stored(body),
      stored(body, { receivedAt: '2026-03-04T00:00:00.000Z', secret: 'NEW_SECRET' }),
    ].map((each) => appendsOf(read(each, 'test', nobody)));
    const message = decode(GATEWAY_NOTIFICATIONS, 'FactRecorded', later!.at(0)!.rows.at(0)!.data);
    expect(message).toMatchObject({
      ok: true,
      data: { evidence: { receivedAt: '2026-03-04T00:00:00.000Z', verifiedWith: 'NEW_SECRET' } },
    });
    const contents = (of: typeof first) =>
      of!.map(({ key, contentDigest }) => [key, contentDigest]);
    expect(contents(later)).toEqual(contents(first));
  });

  it('shortens the names of more secrets than a message may hold', () => {
    const secret = Array.from({ length: 8 }, (_, i) => `K${i}`.padEnd(100, 'x')).join(', ');
    const [append] = appendsOf(
      read(stored(bytes(paid('evt_1', PAYMENT)), { secret }), 'test', nobody),
    );
    const message = decode(GATEWAY_NOTIFICATIONS, 'FactRecorded', append!.rows.at(0)!.data);
    expect(message).toMatchObject({
      ok: true,
      data: { evidence: { verifiedWith: secret.slice(0, 500) } },
    });
  });

  it('gives the same content for the same event in other bytes', () => {
    const body = { ...paid('evt_1', PAYMENT), pending_webhooks: 1 };
    const [first, repeat] = [bytes(body), bytes({ ...body, pending_webhooks: 2 })].map((each) =>
      reading(each),
    );
    const keys = (of: typeof first) =>
      of?.outcome === 'facts'
        ? of.facts.map(({ append }) => [append.key, append.contentDigest?.toString('hex')])
        : [];
    expect(keys(first)).toEqual(keys(repeat));
  });

  it('asks what the gateway’s ids mean where the webhook says nothing of ours', () => {
    expect(reading(bytes(refunded('evt_2')))).toMatchObject({
      outcome: 'unresolved',
      eventType: 'refund.created',
      references: ['pi_1', 'ch_1', 're_1'],
    });
    const byCharge = (id: string) => (id === 'ch_1' ? PAYMENT : undefined);
    expect(reading(bytes(refunded('evt_2')), byCharge)).toMatchObject({
      outcome: 'facts',
      paymentId: PAYMENT,
    });
  });

  it('passes over types that tell nothing', () => {
    expect(reading(bytes(event('evt_3', 'customer.created', {})))).toMatchObject({
      outcome: 'ignored',
      eventType: 'customer.created',
    });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['cut-off JSON', bytes(paid('evt_1', PAYMENT)).subarray(0, 60)],
    ['invalid UTF-8', Buffer.from([0x7b, 0xff])],
    ['a list', bytes([])],
    ['null', bytes(null)],
    ['another mode’s event', bytes({ ...paid('evt_1', PAYMENT), livemode: true })],
    ['no object', bytes({ ...paid('evt_1', PAYMENT), data: {} })],
    ['a currency that is none', bytes(refunded('evt_1', { currency: '!!!' }))],
    ['a prototype', Buffer.from('{"__proto__":{"id":"evt_1"}}')],
    ['a type that no database takes', bytes(event('evt_1', 'a\u0000b', {}))],
    ['half a character in its type', bytes(event('evt_1', 'a\ud800', {}))],
    ['an id that no database takes', bytes(refunded('evt_1', { payment_intent: 'pi_\u0000' }))],
    ['half a character in an id', bytes(refunded('evt_1', { charge: 'ch_\udfff' }))],
    ['our payment under an odd id', bytes(paid('evt_1', PAYMENT, 'pi_\u0000'))],
    ['an abyss', Buffer.from('['.repeat(200_000))],
  ])('finds %s unreadable, and says why', (_, body) => {
    expect(reading(body)).toMatchObject({
      outcome: 'unreadable',
      error: expect.stringMatching(/\w{3}/),
    });
  });

  it('finds a body that is gone unreadable, so that nothing behind it waits', () => {
    const gone = { ...stored(bytes(paid('evt_1', PAYMENT))), body: null };
    expect(read(gone, 'test', nobody)).toMatchObject([{ outcome: 'unreadable' }]);
  });

  it('finds what can’t be published unreadable', () => {
    // A gateway id longer than any message may hold.
    const body = bytes(refunded('evt_1', { id: 're_'.padEnd(255, 'x') }));
    expect(reading(body, () => 'not a payment id')).toMatchObject({ outcome: 'unreadable' });
  });
});

describe('parking evidence', () => {
  it('parks the unreadable as poison and the unresolved until somebody knows, under one id', () => {
    const body = bytes(refunded('evt_2'));
    const poison = toParked(stored(body), { outcome: 'unreadable', error: 'no', ...one });
    expect(poison).toMatchObject({ kind: 'poison', stage: 'map', value: body, offset: 7n });
    const waiting = toParked(stored(body), reading(body));
    expect(waiting).toMatchObject({ kind: 'unresolved', reference: 'pi_1', id: poison?.id });
    expect(toParked(stored(body), { outcome: 'ignored', eventType: 'x', ...one })).toBeUndefined();
  });
});
