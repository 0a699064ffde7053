import { Standstill } from './standstill.js';

const LIMIT = 60_000;
const EVERY = 5_000;

/** Looks every five seconds from `from` to `to`; returns when it first said so. */
function lookThrough(
  watch: Standstill,
  from: number,
  to: number,
  answers: (at: number) => boolean,
) {
  for (let at = from; at <= to; at += EVERY) {
    if (watch.look(at, answers(at), EVERY) === 'standing still') return at;
  }
  return undefined;
}

describe('a consumer that does nothing', () => {
  it('ends after the limit while the broker answers', () => {
    expect(lookThrough(new Standstill(LIMIT, 0), EVERY, 100_000, () => true)).toBe(65_000);
  });

  it('does not end while the broker answers nobody, however long', () => {
    expect(lookThrough(new Standstill(LIMIT, 0), EVERY, 3_600_000, () => false)).toBeUndefined();
  });

  it('gets the whole limit again after the broker has returned', () => {
    const watch = new Standstill(LIMIT, 0);
    const back = 600_000;
    expect(lookThrough(watch, EVERY, 900_000, (at) => at > back)).toBe(back + LIMIT + EVERY);
  });

  it('does not end for having been frozen itself', () => {
    const watch = new Standstill(LIMIT, 0);
    watch.look(EVERY, true, EVERY);
    expect(watch.look(300_000, true, EVERY)).toBe('fine');
    watch.active(300_100);
    expect(watch.look(305_000, true, EVERY)).toBe('fine');
  });

  it('lives as long as it is active', () => {
    const watch = new Standstill(LIMIT, 0);
    for (let at = EVERY; at < 600_000; at += EVERY) {
      watch.active(at);
      expect(watch.look(at, true, EVERY)).toBe('fine');
    }
  });

  it('ends for a handler that never returns, although other partitions move on', () => {
    const watch = new Standstill(LIMIT, 0);
    watch.begin('t/0', 0);
    const alive = (at: number) => {
      watch.active(at);
      return true;
    };
    expect(lookThrough(watch, EVERY, 100_000, alive)).toBe(65_000);
    watch.end('t/0', 70_000);
    expect(watch.busy()).toBe(false);
    expect(lookThrough(watch, 70_000, 200_000, alive)).toBeUndefined();
  });

  it('does not hold a freeze against a handler', () => {
    const watch = new Standstill(LIMIT, 0);
    watch.begin('t/0', 0);
    expect(watch.look(300_000, true, EVERY)).toBe('fine');
  });
});
