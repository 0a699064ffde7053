import { type Append, memoryLog } from '@paylog/event-sourcing';
import { appendInFlushes } from './append-in-flushes.js';

const INPUT = { source: 'group/topic', partition: 0, from: 0n, to: 7n };

const append = (key: string, version = 0, bytes = 10): Append => ({
  lane: 0,
  stream: key,
  expectedVersion: version,
  key,
  rows: [
    {
      id: key,
      type: 'Happened',
      schemaVersion: 1,
      source: 'spec',
      time: '2026-03-01T12:00:00.000Z',
      data: Buffer.alloc(bytes, key),
    },
  ],
});

const many = (count: number) => Array.from({ length: count }, (_, i) => append(`k${i}`));
const open = () => memoryLog({ schema: 'log', lanes: 1 });

describe('appends in flushes', () => {
  it('may be more than one flush takes, in number and in bytes', async () => {
    const log = open();
    const answers = await appendInFlushes(log, many(600), { input: INPUT });
    expect(answers).toHaveLength(600);
    expect(await log.offset('group/topic', 0)).toBe(7n);
    const large = Array.from({ length: 12 }, (_, i) => append(`large${i}`, 0, 900_000));
    expect(await appendInFlushes(log, large)).toHaveLength(12);
    expect((await log.heads())[0]?.next).toBe(612n);
  });

  it('of which there are none still move the offset', async () => {
    const log = open();
    expect(await appendInFlushes(log, [], { input: INPUT })).toEqual([]);
    expect(await log.offset('group/topic', 0)).toBe(7n);
  });

  it('stop at a conflict in an early flush: the offset stays, later ones are not tried', async () => {
    const log = open();
    const appends = many(600).with(3, append('k3', 5));
    const answers = await appendInFlushes(log, appends, { input: INPUT });
    expect(answers).toHaveLength(512);
    expect(answers[3]).toEqual({ status: 'version_conflict', version: 0 });
    expect((await log.offset('group/topic', 0)) ?? 0n).toBe(0n);
    expect((await appendInFlushes(log, many(600), { input: INPUT })).at(3)?.status).toBe(
      'appended',
    );
  });

  it('are refused to a zombie from the first flush on', async () => {
    const log = open();
    await log.append([], { input: { ...INPUT, to: 9n } });
    const answers = await appendInFlushes(log, many(600), { input: INPUT });
    expect(answers[0]).toEqual({ status: 'offset_moved', next: 9n });
    expect((await log.heads())[0]?.next).toBe(0n);
  });
});
