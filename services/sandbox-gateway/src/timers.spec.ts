import { Timers } from './timers.js';

describe('what is to be done later', () => {
  it('is done when its time comes, or now if somebody asks, once', async () => {
    const timers = new Timers('by_the_clock');
    await new Promise<void>((resolve) => timers.after(1, resolve));
    let done = 0;
    timers.after(60_000, () => (done += 1));
    timers.runAll();
    timers.runAll();
    expect(done).toBe(1);
    expect(timers.size).toBe(0);
  });

  it('waits until somebody asks where no clock counts; what it schedules waits again', async () => {
    const timers = new Timers('when_asked');
    const done: string[] = [];
    timers.after(0, () => {
      done.push('first');
      timers.after(0, () => done.push('second'));
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(done).toEqual([]);
    timers.runAll();
    expect(done).toEqual(['first']);
    timers.runAll();
    expect(done).toEqual(['first', 'second']);
  });

  it.each(['by_the_clock', 'when_asked'] as const)('is dropped at the end (%s)', (due) => {
    const timers = new Timers(due);
    timers.after(60_000, () => {
      throw new Error('done after the end');
    });
    timers.close();
    timers.runAll();
    expect(timers.size).toBe(0);
  });
});
