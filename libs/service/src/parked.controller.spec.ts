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
});
