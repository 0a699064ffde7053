import { startLoop, type WakingLoop } from './loop.js';

const LONG_MS = 60_000;
let loop: WakingLoop;
afterEach(() => loop.stop());

/** Resolves when the loop has begun its nth round. */
function counting(round: () => Promise<boolean>) {
  let begun = 0;
  const waiting = new Map<number, () => void>();
  loop = startLoop(LONG_MS, undefined, 'failed', async () => {
    begun += 1;
    waiting.get(begun)?.();
    return round();
  });
  return (nth: number) =>
    new Promise<void>((resolve) => (begun >= nth ? resolve() : void waiting.set(nth, resolve)));
}

describe('a loop', () => {
  it('goes on at once while there is more', async () => {
    let left = 3;
    await counting(async () => --left > 0)(3);
  });

  it('naps until it is woken', async () => {
    const round = counting(async () => false);
    await round(1);
    await new Promise((resolve) => setImmediate(resolve));
    loop.wake();
    await round(2);
  });

  it('does not miss who wakes it while it works', async () => {
    let release = () => {};
    const round = counting(() => new Promise((resolve) => (release = () => resolve(false))));
    await round(1);
    loop.wake();
    release();
    await round(2);
    release();
  });

  it('tries again after a failure, and stops while it waits', async () => {
    let failed = false;
    const round = counting(async () => {
      if (failed) return false;
      failed = true;
      throw new Error('away');
    });
    await round(2);
    await loop.stop();
  });
});
