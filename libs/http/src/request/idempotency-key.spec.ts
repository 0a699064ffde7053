import { Problem } from '../problem/problem.js';
import { parseIdempotencyKey, requestDigest } from './idempotency-key.js';

describe('parseIdempotencyKey', () => {
  it.each([
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    [' order-1 ', 'order-1'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('reads %p', (header, key) => expect(parseIdempotencyKey(header)).toBe(key));

  it.each([undefined, '', '""', 'two words', '"open', 'ünïcode', 'x'.repeat(256), ['a', 'b']])(
    'refuses %p',
    (header) => {
      const refused = catchProblem(() => parseIdempotencyKey(header));
      expect(refused?.document).toMatchObject({ status: 400, field: 'Idempotency-Key' });
    },
  );
});

describe('requestDigest', () => {
  const request = (body: unknown, url = '/v1/x', method = 'POST') => ({ method, url, body });

  it('ignores the order of members, and the query', () => {
    const one = requestDigest(request({ a: 1, b: { c: [1, 2], d: null } }));
    expect(requestDigest(request({ b: { d: null, c: [1, 2] }, a: 1 }))).toBe(one);
    expect(requestDigest(request({ b: { d: null, c: [1, 2] }, a: 1 }, '/v1/x?y=1'))).toBe(one);
  });

  it('tells different requests apart', () => {
    const digests = [
      request({ a: 1 }),
      request({ a: '1' }),
      request({ a: [1] }),
      request({ a: 1 }, '/v1/y'),
      request({ a: 1 }, '/v1/x', 'PUT'),
      request([1, 2]),
      request([2, 1]),
      request(undefined),
      request({}),
      request(Buffer.from('a')),
    ].map(requestDigest);
    expect(new Set(digests).size).toBe(digests.length);
  });
});

function catchProblem(run: () => unknown): Problem | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error : undefined;
  }
}
