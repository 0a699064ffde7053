import type { OperationFact } from '@paylog/payment-domain';
import { toEvidence } from '../ingest/evidence.js';
import { type MappedFact, toAppend } from '../mapping/map-evidence.js';
import { bytes, paid, PAYMENT } from '../testing/stripe.js';
import { differenceOf, retractionOf } from './difference.js';

const delivery = {
  gateway: 'stripe',
  account: 'stripe-main',
  body: bytes(paid('evt_1', PAYMENT)),
  headers: {},
  receivedAt: '2026-03-01T12:00:00.000Z',
};
const evidence = toEvidence(delivery, 'S');
const fact = (id: string, more: Partial<OperationFact> = {}): OperationFact => ({
  type: 'operation',
  id,
  at: '2026-03-01T12:00:00.000Z',
  source: 'webhook',
  operation: 'ch_1',
  kind: 'capture',
  outcome: 'succeeded',
  amount: { minor: 1000n, currency: 'EUR' },
  ...more,
});
const stands = (one: OperationFact) => ({ paymentId: PAYMENT, fact: one });
const today = (one: OperationFact): MappedFact => ({
  ...stands(one),
  append: toAppend({ paymentId: PAYMENT, eventId: 'evt_1' }, one, evidence),
});
const ids = (...all: { fact: { id: string } }[]) => all.map(({ fact: { id } }) => id);
const A = 'fctaaaaaaaaaaaaaaaaaaaaaaaaaa';
const B = 'fctbbbbbbbbbbbbbbbbbbbbbbbbbb';

describe('the difference that today’s mapping makes', () => {
  it('is none where it says the same, under whatever ids', () => {
    const { add, retract, conflicts } = differenceOf(
      [stands(fact(A))],
      [today(fact(B))],
      new Set([A]),
    );
    expect([add, retract, conflicts]).toEqual([[], [], []]);
  });

  it('retracts what is no longer said, and names what takes its place', () => {
    const wrong = stands(fact(A));
    const right = today(fact(B, { amount: { minor: 900n, currency: 'EUR' } }));
    const other = today(
      fact('fctcccccccccccccccccccccccccc', { kind: 'refund', operation: 're_1' }),
    );
    const { add, retract } = differenceOf([wrong], [right, other], new Set([A]));
    expect(ids(...add)).toEqual([B, other.fact.id]);
    expect(retract).toEqual([{ ...wrong, successor: B }]);
  });

  it('is a conflict where an id would stand for two contents', () => {
    const { add, conflicts } = differenceOf(
      [stands(fact(A))],
      [today(fact(A, { outcome: 'pending' }))],
      new Set([A]),
    );
    expect(add).toEqual([]);
    expect(conflicts).toEqual([`${A} stands with other content: raise MAPPING_VERSION`]);
  });

  it('leaves retracted what was retracted', () => {
    expect(differenceOf([], [today(fact(A))], new Set([A]))).toEqual({
      add: [],
      retract: [],
      conflicts: [],
    });
  });

  it('tells of another payment as of another fact', () => {
    const elsewhere = { ...stands(fact(A)), paymentId: PAYMENT.replace(/.$/, 'a') };
    const { add, retract } = differenceOf([elsewhere], [today(fact(B))], new Set([A]));
    expect(ids(...add)).toEqual([B]);
    expect(retract).toEqual([elsewhere]);
  });
});

describe('a retraction', () => {
  const as = { operator: 'ada', reason: 'a wrong amount', at: '2026-04-01T00:00:00.000Z' };

  it('is the same fact with the same content, whenever and by whomever it is made', () => {
    const retract = { ...stands(fact(A)), successor: B };
    const one = retractionOf(retract, evidence, as);
    const again = retractionOf(retract, evidence, {
      ...as,
      operator: 'bob',
      at: '2026-05-01T00:00:00.000Z',
    });
    expect(one.fact).toMatchObject({
      type: 'retraction',
      retracts: A,
      successor: B,
      source: 'operator',
    });
    expect(again.fact.id).toBe(one.fact.id);
    expect(again.append.contentDigest).toEqual(one.append.contentDigest);
    expect(one.append.rows[0]?.data.toString()).toContain('remapped by ada: a wrong amount');
  });
});
