import type { Pool } from 'pg';
import { Flush } from './flush.js';
import type { PreparedCall } from './prepared-call.js';
import { newAppend } from './testing/rows.js';

/** A pool whose connections keep what they are given to send, and lose the first so many answers. */
function connections(lost: number): { pool: Pool; held: Buffer[] } {
  const held: Buffer[] = [];
  const stream = { cork() {}, uncork() {}, write: (bytes: Buffer) => held.push(bytes) };
  const query = (call: PreparedCall) => {
    call.submit({ parsedStatements: {}, stream, parse() {} } as never);
    if (held.length <= lost) call.handleError(new Error('Connection terminated unexpectedly'));
    else {
      call.handleDataRow({ fields: ['0', '{0}', '{0}', '{1}'] });
      call.handleReadyForQuery();
    }
    return call;
  };
  const client = { query, release() {}, processID: 1 };
  const pool = { connect: async () => client, on() {} };
  return { pool: pool as unknown as Pool, held };
}

const TIMES = { answerTimeoutMs: 1_000, settleTimeoutMs: 1_000 };

describe('the bytes of a call', () => {
  it('that a lost connection may still hold are never those of a later call', async () => {
    const { pool, held } = connections(1);
    const flush = new Flush(pool, 'payments', TIMES);
    await flush.run([newAppend('first', 'first', 0)], {});
    const sent = Buffer.from(held[0] as Buffer);
    await flush.run([newAppend('later', 'later', 0)], {});
    expect(held[0]).toEqual(sent);
    expect(held[1]).toEqual(sent);
  });

  it('are the room of the next one when it was answered', async () => {
    const { pool, held } = connections(0);
    const flush = new Flush(pool, 'payments', TIMES);
    await flush.run([newAppend('first', 'first', 0)], {});
    await flush.run([newAppend('later', 'later', 0)], {});
    expect(held[1]?.buffer).toBe(held[0]?.buffer);
  });
});
