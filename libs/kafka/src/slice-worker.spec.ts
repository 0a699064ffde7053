import { KafkaFault } from './fault.js';
import type { Batch, ConsumedMessage, Outcome } from './message.js';
import { SliceWorker, type SliceContext } from './slice-worker.js';

const message = (offset: number): ConsumedMessage => ({
  topic: 't',
  partition: 0,
  offset: BigInt(offset),
  key: 'k',
  value: null,
  headers: {},
  timestamp: '0',
});
const batchOf = (count: number): Batch => ({
  topic: 't',
  partition: 0,
  messages: Array.from({ length: count }, (_, index) => message(index)),
  from: 0n,
  to: BigInt(count),
});

/** A worker over a stored offset, as a handler with a compare-and-set would keep it. */
function given(
  onMessage: (message: ConsumedMessage) => void,
  options: { attemptsMax?: number; onPoison?: () => Promise<Outcome>; goesOn?: () => boolean } = {},
) {
  const handled: number[] = [];
  const parked: number[] = [];
  const calls: number[] = [];
  let stored = 0n;
  const commit = (batch: Batch, apply: () => void): Outcome => {
    if (batch.from !== stored) return 'fenced';
    apply();
    stored = batch.to;
    return 'committed';
  };
  const worker = new SliceWorker({
    attemptsMax: options.attemptsMax ?? 2,
    beatEveryMs: 5,
    logger: undefined,
    handle: async (batch) => {
      calls.push(batch.messages.length);
      batch.messages.forEach(onMessage);
      return commit(batch, () => handled.push(...batch.messages.map((m) => Number(m.offset))));
    },
    onPoison: async (poison, _error, batch) => {
      const answer = await options.onPoison?.();
      return answer ?? commit(batch, () => parked.push(Number(poison.offset)));
    },
  });
  const context: SliceContext = {
    beat: async () => undefined,
    mayGoOn: options.goesOn ?? (() => true),
    reached: () => undefined,
    failing: () => undefined,
  };
  return {
    work: (batch: Batch) => worker.work(batch, context),
    handled,
    parked,
    calls,
    context,
    stored: () => stored,
  };
}

describe('a handler that throws', () => {
  it('has its one poisonous message found and parked, and all others handled, in order', async () => {
    const run = given(({ offset }) => {
      if (offset === 5n) throw new Error('poison');
    });
    expect(await run.work(batchOf(8))).toBe('committed');
    expect(run.handled).toEqual([0, 1, 2, 3, 4, 6, 7]);
    expect(run.parked).toEqual([5]);
    expect(run.stored()).toBe(8n);
  });

  it('is tried again in place before the batch is halved', async () => {
    let failures = 1;
    const run = given(() => {
      if (failures-- > 0) throw new Error('once');
    });
    expect(await run.work(batchOf(3))).toBe('committed');
    expect(run.calls).toEqual([3, 3]);
    expect(run.parked).toEqual([]);
  });

  it('is tried as long as the error passes by itself, and nothing is parked', async () => {
    let failures = 5;
    const run = given(
      () => {
        if (failures-- > 0) throw Object.assign(new Error('lost'), { code: 'ECONNREFUSED' });
      },
      { attemptsMax: 1 },
    );
    expect(await run.work(batchOf(2))).toBe('committed');
    expect(run.parked).toEqual([]);
    expect(run.handled).toEqual([0, 1]);
  });

  it('never loses a message whose parking fails', async () => {
    let failures = 2;
    const run = given(
      () => {
        throw new Error('poison');
      },
      {
        attemptsMax: 1,
        onPoison: async () => {
          if (failures-- > 0) throw new Error('no database');
          return undefined as never;
        },
      },
    );
    expect(await run.work(batchOf(1))).toBe('committed');
    expect(run.parked).toEqual([0]);
  });

  it('stops between attempts when the consumer stops', async () => {
    let attempts = 0;
    const run = given(
      () => {
        attempts += 1;
        throw new KafkaFault('x', 'handle', true, 'passes');
      },
      { goesOn: () => attempts < 2 },
    );
    expect(await run.work(batchOf(1))).toBe('stopped');
    expect(run.stored()).toBe(0n);
  });

  it('gives way at once to a rebalance that a heartbeat reports', async () => {
    const run = given(() => {
      throw new KafkaFault('x', 'handle', true, 'passes');
    });
    run.context.beat = async () => {
      throw new Error('rebalance in progress');
    };
    await expect(run.work(batchOf(1))).rejects.toThrow('rebalance in progress');
  });
});

it('stops at the first half that was fenced', async () => {
  const run = given(({ offset }) => {
    if (offset === 1n) throw new Error('poison');
  });
  expect(await run.work({ ...batchOf(2), from: 7n })).toBe('fenced');
  expect(run.handled).toEqual([]);
});

it('takes a handler that says nothing for a fault of ours, not of the message', async () => {
  let asked = 0;
  const worker = new SliceWorker({
    attemptsMax: 1,
    beatEveryMs: 5,
    logger: undefined,
    handle: async () => {
      asked += 1;
      return (asked < 3 ? undefined : 'committed') as Outcome;
    },
    onPoison: () => Promise.reject(new Error('must not be asked')),
  });
  const context = {
    beat: async () => undefined,
    mayGoOn: () => true,
    reached: () => undefined,
    failing: () => undefined,
  };
  expect(await worker.work(batchOf(1), context)).toBe('committed');
});
