import { canonicalJson } from '@paylog/contracts';
import { bytes, paid } from '../testing/stripe.js';
import { toAppend, toEvidence } from './evidence.js';

const delivery = (body: Buffer, account = 'stripe-main') => ({
  gateway: 'stripe',
  account,
  body,
  headers: { 'stripe-signature': 't=1,v1=00' },
  receivedAt: '2026-03-01T12:00:00.000Z',
});
const idOf = (body: Buffer, account?: string) => toEvidence(delivery(body, account), 'S').id;

describe('evidence', () => {
  const body = bytes(paid('evt_1'));

  it('is the same for the same bytes, whenever and however they were signed', () => {
    const again = { ...delivery(body), receivedAt: '2026-03-02T00:00:00.000Z', headers: {} };
    const [first, second] = [toEvidence(delivery(body), 'S'), toEvidence(again, 'OTHER')];
    expect(second.id).toBe(first.id);
    expect(toAppend(second, body)).toMatchObject({
      key: toAppend(first, body).key,
      contentDigest: toAppend(first, body).contentDigest,
    });
  });

  it('is written as canonical JSON, whatever the order of its headers', () => {
    const evidence = toEvidence(
      { ...delivery(body), headers: { b: '2', a: '1', '10': 'x', '9': 'y' } },
      'S',
    );
    const { rows } = toAppend(evidence, body);
    expect(rows[0]?.data.toString()).toBe(canonicalJson(evidence));
  });

  it('is its own for other bytes of the same event, and for each account', () => {
    const other = Buffer.concat([body, Buffer.from(' ')]);
    expect(new Set([idOf(body), idOf(other), idOf(body, 'stripe-two')]).size).toBe(3);
  });

  it.each([
    ['first and on one line', '{"id":"evt_1","object":"event"}'],
    ['first and indented', '{\n  "id": "evt_1",\n  "object": "event"\n}\n'],
    ['after other members', '{"object":{"id":"pi_1"},"id":"evt_1"}'],
    ['escaped', '{"id":"\\u0065vt_1"}'],
    ['alone', '{"id":"evt_1"}'],
    ['behind more than any gateway writes', `${' '.repeat(400)}{"id":"evt_1","a":1}`],
  ])('knows the event by its id, %s', (_, text) => {
    expect(toEvidence(delivery(Buffer.from(text)), 'S').eventId).toBe('evt_1');
  });

  it.each([
    ['broken JSON', Buffer.from('{"id":"evt_1"')],
    ['an id that is no text', bytes({ id: 17 })],
    ['an id that no header could carry', bytes({ id: 'a\u0000b' })],
    ['nothing', Buffer.alloc(0)],
  ])('of %s is known by its digest alone', (_, broken) => {
    expect(toEvidence(delivery(broken), 'S')).toMatchObject({
      eventId: null,
      bytes: broken.length,
      id: expect.stringMatching(/^evd[a-z2-7]{26}$/),
    });
  });
});
