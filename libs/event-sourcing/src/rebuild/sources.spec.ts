import type { FoldRow } from '../binary-copy.js';
import type { LogRow, RelayTarget } from '../log.js';
import { fromTopic } from './sources.js';

const row = (position: bigint): LogRow => ({
  lane: 0,
  position,
  stream: 'pay',
  version: Number(position) + 1,
  id: `fct${position}`,
  type: 'TotalReported',
  schemaVersion: 1,
  source: 'tests',
  time: '2026-03-01T12:00:00.000Z',
  key: `fct${position}`,
  data: Buffer.from('{}'),
  digest: Buffer.alloc(32),
});

/** A partition that holds these positions, some of them only from the second read on. */
const topic = (...reads: readonly (readonly bigint[])[]): Pick<RelayTarget, 'read'> => {
  let round = 0;
  return {
    async *read(_lane, from) {
      const held = reads.slice(0, ++round).flat();
      for (const [offset, position] of held.entries()) {
        if (BigInt(offset) >= from) yield { ...row(position), offset: BigInt(offset) };
      }
    },
  };
};

const head = (next: bigint) => ({ lane: 0, next, hash: Buffer.alloc(32) });

async function positions(batches: AsyncIterable<readonly FoldRow[]>): Promise<bigint[]> {
  const found: bigint[] = [];
  for await (const batch of batches) found.push(...batch.map(({ position }) => position));
  return found;
}

describe('rows of a topic up to a cut', () => {
  it('stop at the cut, whatever the topic holds beyond', async () => {
    expect(await positions(fromTopic(topic([0n, 1n, 2n, 3n]))(head(2n)))).toEqual([0n, 1n]);
    expect(await positions(fromTopic(topic([0n]))(head(0n)))).toEqual([]);
  });

  it('come once, though a relay that came back sent them twice', async () => {
    expect(await positions(fromTopic(topic([0n, 1n, 0n, 1n, 2n]))(head(3n)))).toEqual([0n, 1n, 2n]);
  });

  it('are waited for while the relay is behind', async () => {
    expect(await positions(fromTopic(topic([0n], [1n, 2n]))(head(3n)))).toEqual([0n, 1n, 2n]);
  });

  it('are not waited for longer than the deadline, which says who is late', async () => {
    await expect(positions(fromTopic(topic([0n]), 10)(head(3n)))).rejects.toThrow(
      'after 10 ms without news the relay has published lane 0 up to position 1, not to 3',
    );
  });

  it('are not waited for when the broker answers nothing at all', async () => {
    const silent = {
      async *read(): AsyncGenerator<LogRow & { offset: bigint }> {
        yield { ...row(0n), offset: 0n };
        await new Promise(() => undefined);
      },
    };
    await expect(positions(fromTopic(silent, 10)(head(3n)))).rejects.toThrow('up to position 1');
  });

  it('must not have a hole', async () => {
    await expect(positions(fromTopic(topic([0n, 2n]))(head(3n)))).rejects.toThrow(
      'the topic has lost rows',
    );
  });
});
