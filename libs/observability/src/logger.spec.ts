import { Writable } from 'node:stream';
import { childFromHeaders, createLogger } from './logger.js';
import { protectSecret } from './mask.js';

function capture() {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger('spec', { level: 'debug', destination });
  const last = () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;
  return { logger, lines, last };
}

describe('createLogger', () => {
  it('writes one JSON line with service, level, time and the given ids', () => {
    const { logger, lines, last } = capture();
    logger.info({ eventId: 'evt_1', paymentId: 'pay1', orderId: 'o-1', minor: 10n }, 'accepted');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({
      level: 'info',
      service: 'spec',
      eventId: 'evt_1',
      paymentId: 'pay1',
      orderId: 'o-1',
      minor: '10',
      msg: 'accepted',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an authorization header', { headers: { authorization: 'Bearer abcdefghijkl' } }, 'abcdef'],
    ['a bearer in a text', { detail: 'sent Bearer abcdefghijkl' }, 'abcdef'],
    ['a token in a path', { path: '/v1/payments/p/stream?token=eyJhbGci.x.y&a=1' }, 'eyJ'],
    ['a client secret', { note: 'pi_3abc_secret_Zz9x' }, 'Zz9x'],
    ['a field named like a secret', { webhookSecret: 'plain', readToken: 'plain' }, 'plain'],
    ['an API key of a gateway', { note: 'used sk_test_51abcDEF' }, '51abcDEF'],
    ['a password in a URL', { url: 'postgres://paylog:hunter2pass@db/x' }, 'hunter2pass'],
    ['a card number', { deep: [{ text: 'card 4242424242424242' }] }, '42424242'],
    ['a card number as a number', { n: 4242424242424242 }, '42424242'],
    ['a protected value', { note: 'is s3cr3t-value-1 here' }, 's3cr3t-value-1'],
    ['an error', { err: new Error('4242424242424242', { cause: 'whsec_abcdef' }) }, '42424242'],
  ])('masks %s', (_name, fields, secret) => {
    protectSecret('s3cr3t-value-1');
    const { logger, lines } = capture();
    logger.info(fields, 'something');
    expect(lines[0]).not.toContain(secret);
  });

  it('masks messages, interpolated values, errors given alone and bindings of a child', () => {
    const { logger, lines } = capture();
    logger.info('card 4242424242424242');
    logger.info('card %s', '4242424242424242');
    logger.error(new Error('card 4242424242424242'));
    logger.child({ note: '4242424242424242' }).info('x');
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).not.toContain('42424242');
  });

  it('keeps type, message, code and stack of an error', () => {
    const { logger, last } = capture();
    logger.error({ err: Object.assign(new TypeError('no'), { code: 'E1' }) }, 'failed');
    expect(last()['err']).toMatchObject({
      type: 'TypeError',
      message: 'no',
      code: 'E1',
      stack: expect.stringContaining('logger.spec'),
    });
  });

  it('survives cycles and throws nothing for odd values', () => {
    const { logger, lines } = capture();
    const cycle: Record<string, unknown> = { when: new Date(Number.NaN), body: Buffer.from('x') };
    cycle['self'] = cycle;
    logger.info({ cycle, map: new Map([['a', 1]]), none: undefined }, 'odd');
    expect(lines).toHaveLength(1);
  });
});

it('childFromHeaders carries the ids of a message', () => {
  const { logger, last } = capture();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = {
    ce_id: Buffer.from('fct1'),
    ce_type: 'FactRecorded',
    traceparent,
  };
  childFromHeaders(logger, headers).info('handled');
  expect(last()).toMatchObject({
    eventId: 'fct1',
    eventType: 'FactRecorded',
    traceId: '0af7651916cd43dd8448eb211c80319c',
  });
});
