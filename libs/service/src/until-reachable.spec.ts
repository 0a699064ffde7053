import { untilReachable } from './until-reachable.js';

/** Goal: a start outlasts a database that is away for a moment, and nothing else. */
describe('untilReachable', () => {
  const logger = { warn: () => undefined };
  /** What a pool says when no connection could be made in time. */
  const away = new Error('timeout exceeded when trying to connect');

  function failing(times: number, error: Error) {
    let calls = 0;
    const work = async () => {
      calls += 1;
      if (calls <= times) throw error;
      return 'opened';
    };
    return { work, calls: () => calls };
  }

  it('tries again while the database is out of reach', async () => {
    const { work, calls } = failing(2, away);
    expect(await untilReachable(logger, work, { pauseMs: 1 })).toBe('opened');
    expect(calls()).toBe(3);
  });

  it('gives up after its time, with the last error', async () => {
    const { work } = failing(Infinity, away);
    const options = { withinMs: 20, pauseMs: 1 };
    await expect(untilReachable(logger, work, options)).rejects.toBe(away);
  });

  it('does not try again what fails for another reason', async () => {
    const wrong = new Error('relation "payments.lanes" does not exist');
    const { work, calls } = failing(Infinity, wrong);
    await expect(untilReachable(logger, work, { pauseMs: 1 })).rejects.toBe(wrong);
    expect(calls()).toBe(1);
  });
});
