import { BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, halves, slices, type Batch } from './message.js';

const message = (offset: bigint, bytes = 10) => ({
  topic: 't',
  partition: 0,
  offset,
  key: 'k',
  value: Buffer.alloc(bytes),
  headers: {},
  timestamp: '0',
});
const batchOf = (offsets: bigint[], from: bigint, to: bigint, bytes?: number): Batch => ({
  topic: 't',
  partition: 0,
  messages: offsets.map((offset) => message(offset, bytes)),
  from,
  to,
});
const chain = (batches: Batch[]) => batches.map(({ from, to }) => [from, to]);

describe('slices of a fetched run', () => {
  it('hold at most 512 messages and lead from one to the next without a hole', () => {
    const offsets = Array.from({ length: 1_112 }, (_, index) => BigInt(index));
    const cut = slices(batchOf(offsets, 0n, 1_113n));
    expect(cut.map(({ messages }) => messages.length)).toEqual([
      BATCH_MESSAGES_MAX,
      BATCH_MESSAGES_MAX,
      88,
    ]);
    expect(chain(cut)).toEqual([
      [0n, 512n],
      [512n, 1_024n],
      [1_024n, 1_113n],
    ]);
  });

  it('hold at most 4 MiB, but never less than one message', () => {
    const big = slices(batchOf([0n, 1n, 2n], 0n, 3n, BATCH_BYTES_MAX / 2));
    expect(big.map(({ messages }) => messages.length)).toEqual([1, 1, 1]);
    expect(slices(batchOf([0n], 0n, 1n, BATCH_BYTES_MAX + 1))).toHaveLength(1);
  });

  it('step over gaps in the offsets, before, between and after the messages', () => {
    expect(chain(slices(batchOf([5n, 9n], 3n, 12n)))).toEqual([[3n, 12n]]);
  });
});

describe('halves of a batch', () => {
  it('move the offset as the whole would have', () => {
    const [left, right] = halves(batchOf([5n, 9n, 11n], 3n, 14n));
    expect(chain([left, right])).toEqual([
      [3n, 11n],
      [11n, 14n],
    ]);
    expect(left.messages.map(({ offset }) => offset)).toEqual([5n, 9n]);
  });
});
