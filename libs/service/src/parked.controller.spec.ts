import { memoryLog, type NewParked } from '@paylog/event-sourcing';
import { ParkedController } from './parked.controller.js';

const parked = (id: string): NewParked => ({
  id,
  kind: 'poison',
  source: 'group/topic',
  partition: 0,
  offset: 0n,
  key: null,
  value: Buffer.alloc(1_000),
  headers: {},
  stage: 'decode',
  error: 'no',
});

describe('the list of parked rows', () => {
  it('goes through every log, page by page, without a row twice or none', async () => {
    const logs = [memoryLog({ schema: 'a', lanes: 1 }), memoryLog({ schema: 'b', lanes: 1 })];
    const ids = logs.map((_, log) => Array.from({ length: 1_200 }, (_row, n) => `prk${log}x${n}`));
    for (const [index, log] of logs.entries()) {
      await log.append([], { parked: (ids[index] ?? []).map(parked) });
    }
    const controller = new ParkedController(logs);
    const found: string[][] = [];
    let after: string | undefined;
    do {
      const page = await controller.list(after === undefined ? {} : { after });
      found.push(page.parked.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(found.map(({ length }) => length)).toEqual([1_000, 1_000, 400]);
    expect(found.flat()).toEqual(ids.flat());
  });

  it('shows what was asked for, so many a page, and on the first page what there is in all', async () => {
    const log = memoryLog({ schema: 'c', lanes: 1 });
    const more = {
      kind: 'unresolved',
      source: 'other/topic',
      key: 'k',
      reference: 'pi_1',
    } as const;
    await log.append([], { parked: [parked('p1'), { ...parked('u1'), ...more }, parked('p2')] });
    const controller = new ParkedController([log]);
    const ids = async (query: Parameters<typeof controller.list>[0]) =>
      (await controller.list(query)).parked.map(({ id }) => id);
    expect(await ids({ kind: 'poison' })).toEqual(['p1', 'p2']);
    expect(await ids({ group: 'other' })).toEqual(['u1']);
    expect(await ids({ key: 'k' })).toEqual(['u1']);
    expect(await ids({ reference: 'pi_1' })).toEqual(['u1']);
    expect(await ids({ olderThanMs: '60000' })).toEqual([]);
    const first = await controller.list({ limit: '2' });
    expect(first.parked.map(({ id }) => id)).toEqual(['p1', 'u1']);
    expect(first.ages).toMatchObject([
      { group: 'group', kind: 'poison', count: 2 },
      { group: 'other', kind: 'unresolved', count: 1 },
    ]);
    const second = await controller.list({ limit: '2', after: first.next ?? '' });
    expect(second.parked.map(({ id }) => id)).toEqual(['p2']);
    expect(second).not.toHaveProperty('ages');
  });
});
