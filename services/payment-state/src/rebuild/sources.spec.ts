import type { LogRow, RelayTarget } from '@paylog/event-sourcing';
import { fromLog, fromTopic } from './sources.js';

const row = (position: bigint): LogRow => ({
  lane: 0,
  position,
  stream: 'pay',
  version: Number(position) + 1,
  id: `fct${position}`,
  type: 'TotalReported',
  schemaVersion: 1,
  source: 'payment-state',
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

async function positions(batches: AsyncIterable<readonly LogRow[]>): Promise<bigint[]> {
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
      'after 10 ms the relay has published lane 0 up to position 1, not to 3',
    );
  });

  it('must not have a hole', async () => {
    await expect(positions(fromTopic(topic([0n, 2n]))(head(3n)))).rejects.toThrow(
      'the topic has lost rows',
    );
  });
});

describe('rows of the log up to a cut', () => {
  const log = (count: number) => ({
    readLane: (_lane: number, from: bigint, limit: number) =>
      Promise.resolve(
        Array.from({ length: count }, (_, i) => row(BigInt(i))).slice(
          Number(from),
          Number(from) + limit,
        ),
      ),
  });

  it('end at the head', async () => {
    expect(await positions(fromLog(log(9))(head(4n)))).toEqual([0n, 1n, 2n, 3n]);
  });

  it('must reach it', async () => {
    await expect(positions(fromLog(log(2))(head(4n)))).rejects.toThrow('before its head 4');
  });
});
