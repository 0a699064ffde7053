import { setTimeout as sleep } from 'node:timers/promises';
import { Overloaded } from './fault.js';
import { GroupCommit } from './group-commit.js';
import { FLUSH_APPENDS_MAX, type Append, type EventLog } from './log.js';
import { memoryLog } from './memory-log.js';
import { newAppend, newRow } from './testing/rows.js';

/** A log whose flushes wait until they are let go. */
function slowLog(lanes = 1): { log: EventLog; flushes: Append[][]; letGo(): void } {
  const log = memoryLog({ schema: 'payments', lanes });
  const flushes: Append[][] = [];
  let waiting: (() => void)[] = [];
  const append: EventLog['append'] = async (appends, options) => {
    flushes.push([...appends]);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return log.append(appends, options);
  };
  const letGo = (): void => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return { log: Object.assign(Object.create(log) as EventLog, { append }), flushes, letGo };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a flush takes what arrived while the last one was in flight', async () => {
  const { log, flushes, letGo } = slowLog();
  const group = new GroupCommit(log);
  const answers = [group.submit(newAppend('a', 'a', 0))];
  await turn();
  for (let i = 0; i < FLUSH_APPENDS_MAX + 44; i++)
    answers.push(group.submit(newAppend(`b${i}`, `b${i}`, 0)));
  const drained = group.drain();
  for (let i = 0; i < 3; i++) {
    await turn();
    letGo();
  }
  await drained;
  expect(flushes.map(({ length }) => length)).toEqual([1, FLUSH_APPENDS_MAX, 44]);
  expect((await Promise.all(answers)).every(({ status }) => status === 'appended')).toBe(true);
});

test('every caller gets the answer of its own append', async () => {
  const group = new GroupCommit(memoryLog({ schema: 'payments', lanes: 1 }));
  const answers = await Promise.all([
    group.submit(newAppend('a', 's', 0)),
    group.submit(newAppend('b', 's', 0)),
    group.submit(newAppend('c', 's', 1, { rows: [newRow('\ud800')] })),
    group.submit(newAppend('a', 's', 0)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([
    'appended',
    'version_conflict',
    'refused',
    'duplicate',
  ]);
});

test('beyond its bound it refuses at once, and the waiting ones are not harmed', async () => {
  const { log, letGo } = slowLog();
  const group = new GroupCommit(log, { queueMax: 2 });
  const first = group.submit(newAppend('a', 'a', 0));
  await turn();
  const waiting = [group.submit(newAppend('b', 'b', 0)), group.submit(newAppend('c', 'c', 0))];
  await expect(group.submit(newAppend('d', 'd', 0))).rejects.toThrow(Overloaded);
  letGo();
  await first;
  await turn();
  letGo();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([
    'appended',
    'appended',
  ]);
});

test('a failed flush fails its own callers, not the next flush', async () => {
  const log = memoryLog({ schema: 'payments', lanes: 1 });
  let failures = 1;
  const append: EventLog['append'] = (appends) => {
    if (failures-- > 0) return Promise.reject(new Error('lost'));
    return log.append(appends);
  };
  const group = new GroupCommit(Object.assign(Object.create(log) as EventLog, { append }));
  await expect(group.submit(newAppend('a', 'a', 0))).rejects.toThrow('lost');
  expect(await group.submit(newAppend('a', 'a', 0))).toMatchObject({ status: 'appended' });
});

test('bytes bound a flush too', async () => {
  const { log, flushes, letGo } = slowLog();
  const group = new GroupCommit(log);
  const data = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < 5; i++) {
    void group.submit(newAppend(`k${i}`, `s${i}`, 0, { rows: [{ ...newRow('x'), data }] }));
  }
  const drained = group.drain();
  await turn();
  letGo();
  await turn();
  letGo();
  await drained;
  expect(flushes.map(({ length }) => length)).toEqual([4, 1]);
});

test('what arrives in one turn of the event loop shares a flush, also from several callbacks', async () => {
  const { log, flushes, letGo } = slowLog();
  const group = new GroupCommit(log);
  const answers: Promise<unknown>[] = [];
  for (const key of ['a', 'b', 'c']) {
    process.nextTick(() => answers.push(group.submit(newAppend(key, key, 0))));
  }
  await turn();
  await turn();
  expect(flushes.map(({ length }) => length)).toEqual([3]);
  letGo();
  await Promise.all(answers);
});

test('where any lane will do a flush has one, and each flush the next', async () => {
  const log = memoryLog({ schema: 'payments', lanes: 3 });
  const group = new GroupCommit(log, { anyLane: true });
  const lanes: Set<number>[] = [];
  for (const flush of [0, 1, 2, 3]) {
    const appends = [0, 1, 2].map((i) => newAppend(`${flush}-${i}`, `${flush}-${i}`, 0));
    const answers = await Promise.all(appends.map((append) => group.submit(append)));
    lanes.push(new Set(answers.map((answer) => ('lane' in answer ? answer.lane : -1))));
  }
  expect(lanes.map(({ size }) => size)).toEqual([1, 1, 1, 1]);
  expect(new Set(lanes.slice(0, 3).flatMap((each) => [...each]))).toEqual(new Set([0, 1, 2]));
  expect(lanes[3]).toEqual(lanes[0]);
});

test('where flushes are slow and any lane will do, a second as large as the first starts beside it, no third', async () => {
  const { log, flushes, letGo } = slowLog(3);
  const group = new GroupCommit(log, { anyLane: true });
  let submitted = 0;
  const sizesAfter = async (count: number): Promise<number[]> => {
    for (let i = 0; i < count; i++) {
      const key = `a${submitted++}`;
      void group.submit(newAppend(key, key, 0));
    }
    await turn();
    await turn();
    return flushes.map(({ length }) => length);
  };
  expect(await sizesAfter(4)).toEqual([4]);
  // None has been slow yet.
  expect(await sizesAfter(9)).toEqual([4]);
  await sleep(10);
  letGo();
  expect(await sizesAfter(0)).toEqual([4, 9]);
  expect(await sizesAfter(8)).toEqual([4, 9]);
  expect(await sizesAfter(1)).toEqual([4, 9, 9]);
  expect(await sizesAfter(40)).toEqual([4, 9, 9]);
  const drained = group.drain();
  letGo();
  expect(await sizesAfter(0)).toEqual([4, 9, 9, 40]);
  letGo();
  await drained;
});
