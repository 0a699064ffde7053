import pg from 'pg';
import { eventually } from '@paylog/testing';
import { type LockSteps, underLock } from './advisory-lock.js';
import { createPool } from './pool.js';

const plain: LockSteps = { atLock: (query) => query(), atUnlock: (query) => query() };
const NAME = 'spec advisory-lock';
const APPLICATION = 'advisory-lock-spec';

let pool: pg.Pool;

beforeEach(() => {
  pool = createPool(process.env['TEST_PG_URL'] ?? '', { name: APPLICATION, max: 2 });
});

afterEach(() => pool.end());

const lock = (work: () => Promise<boolean>, steps = plain) => underLock(pool, NAME, steps, work);
const once = () => lock(async () => true);

/** Work that is under way until it is let finish. */
function held() {
  let finish = (): void => {};
  const finished = new Promise<boolean>((resolve) => (finish = () => resolve(true)));
  let done = Promise.resolve(false);
  const begun = new Promise<void>((resolve) => (done = lock(() => (resolve(), finished))));
  return { begun, done, finish };
}

describe('work under a lock', () => {
  it('is done by one at a time: the other is told at once that it was not, and may later', async () => {
    const first = held();
    await first.begun;
    expect(await once()).toBe(false);
    first.finish();
    expect(await first.done).toBe(true);
    expect(await once()).toBe(true);
  });

  it('that fails gives the lock back, and its own error to the caller', async () => {
    const failing = lock(async () => {
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(await once()).toBe(true);
  });

  it('whose end can’t be told to the server loses its connection, and with it the lock', async () => {
    const unheard: LockSteps = {
      ...plain,
      atUnlock: () => Promise.reject(new Error('the answer was lost')),
    };
    await expect(lock(async () => true, unheard)).rejects.toThrow('the answer was lost');
    // The server sees a moment later that the connection has gone.
    await eventually('the lock of a connection that has gone', once);
  });

  it('whose connection breaks ends with an error, and holds nobody up after it', async () => {
    const broken = held();
    await broken.begun;
    const server = new pg.Client(process.env['TEST_PG_URL']);
    await server.connect();
    await server.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1`,
      [APPLICATION],
    );
    await server.end();
    expect(await once()).toBe(true);
    broken.finish();
    await expect(broken.done).rejects.toThrow();
  });
});
