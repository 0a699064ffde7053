import type { LogRow } from '@paylog/event-sourcing';
import { captured, paymentOfOrder } from '../testing/facts.js';
import { decide } from './decide.js';
import { streamOf } from './payment-stream.js';

const paymentId = paymentOfOrder('order-1');
const facts = captured('order-1');

/** What the log holds after these facts. */
function stored(): LogRow[] {
  const reported = facts.map((fact) => ({ paymentId, fact }));
  return decide(new Map(), reported).appends.flatMap(({ lane, stream, key, rows }, i) =>
    rows.map((row) => ({
      ...row,
      lane,
      stream,
      key,
      position: BigInt(i),
      version: i + 1,
      digest: Buffer.alloc(32),
    })),
  );
}

describe('a payment’s stream', () => {
  it('gives the facts that went in, and the version of its last event', () => {
    const { facts: set, version } = streamOf(stored());
    expect([...set.byId.values()]).toEqual(facts);
    expect(version).toBe(facts.length);
    expect(streamOf([])).toMatchObject({ version: 0 });
  });

  it('is read from bytes that are written otherwise too, checked by the schema', () => {
    const otherwise = stored().map((row) => {
      const { fact, ...rest } = JSON.parse(row.data.toString()) as Record<string, unknown>;
      return { ...row, data: Buffer.from(JSON.stringify({ ...rest, fact }, undefined, 1)) };
    });
    expect([...streamOf(otherwise).facts.byId.values()]).toEqual(facts);
    const spoilt = stored().map((row) => ({ ...row, data: Buffer.from('{"fact":1}') }));
    expect(() => streamOf(spoilt)).toThrow(/doesn't decode: .* is required/);
  });

  it('is a fault where an event is cut', () => {
    const cut = stored().map((row) => ({
      ...row,
      data: Buffer.from('{"fact":{"id":"fct1,"paymentId":"pay"}'),
    }));
    expect(() => streamOf(cut)).toThrow(`the stored events of ${paymentId} can't be read`);
  });
});
