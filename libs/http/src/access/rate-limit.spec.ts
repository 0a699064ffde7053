import { RateLimit } from './rate-limit.js';

it('allows a burst, then the rate, each caller on its own', () => {
  let now = 0;
  const limit = new RateLimit(2, 3, () => now);
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1]);
  expect(limit.take('b')).toBe(0);
  now += 500;
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 1]);
  now += 60_000;
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1]);
});

it('says how long to wait when the rate is below one a second', () => {
  const limit = new RateLimit(0.1, 1, () => 0);
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 10]);
});

it('forgets the callers longest unseen, so that its memory is bounded', () => {
  const limit = new RateLimit(1, 1, () => 0);
  limit.take('first');
  for (let caller = 0; caller < 10_000; caller += 1) limit.take(String(caller));
  expect(limit.take('first')).toBe(0);
  expect(limit.take('9999')).toBe(1);
});
