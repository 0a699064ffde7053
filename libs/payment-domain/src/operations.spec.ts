import type { OperationFact, Outcome } from './fact.js';
import { fold } from './fold.js';
import { statusOf } from './operations.js';
import { alias, authorization, capture, eur, refund, retraction, terms } from './testing/facts.js';

const told = (...outcomes: Outcome[]): OperationFact[] =>
  outcomes.map((outcome) => authorization('aut1', outcome, 100));
const operation = (facts: Parameters<typeof fold>[0], id: string) =>
  fold(facts).operations.find((one) => one.id === id);

describe('the status of an operation', () => {
  it.each<[Outcome[], string]>([
    [['requested'], 'requested'],
    [['requested', 'unknown'], 'unknown'],
    [['requested', 'unknown', 'pending'], 'pending'],
    [['pending', 'expired'], 'expired'],
    [['pending', 'canceled'], 'canceled'],
    [['unknown', 'pending', 'refused'], 'refused'],
    [['expired', 'canceled', 'refused'], 'refused'],
    [['unknown', 'pending', 'succeeded'], 'succeeded'],
    [['expired', 'succeeded'], 'succeeded'],
    [['canceled', 'succeeded'], 'succeeded'],
    [['succeeded', 'reversed'], 'reversed'],
    [['refused', 'succeeded'], 'contradicted'],
    [['refused', 'reversed'], 'reversed'],
    [['refused', 'succeeded', 'reversed'], 'reversed'],
  ])('of %j is %s, in whatever order they come', (outcomes, status) => {
    expect(statusOf(told(...outcomes))).toBe(status);
    expect(statusOf(told(...outcomes).reverse())).toBe(status);
  });

  it('forgets requested and unknown of a call that was not attempted, and of that call only', () => {
    const first = [
      capture('cap1', 'requested', 100, { call: 1 }),
      capture('cap1', 'unknown', undefined, { call: 1 }),
      capture('cap1', 'not_attempted', undefined, { call: 1 }),
    ];
    expect(statusOf(first)).toBe('not_attempted');
    const second = capture('cap1', 'requested', 100, { call: 2 });
    expect(statusOf([...first, second])).toBe('requested');
    const answered = capture('cap1', 'pending', undefined, { call: 1 });
    expect(statusOf([...first, answered])).toBe('pending');
  });
});

describe('a contradiction', () => {
  const said = authorization('aut1', 'succeeded', 100);
  const denied = authorization('aut1', 'refused', undefined, { source: 'response' });

  it('is not counted, is flagged, and is to be resolved', () => {
    const payment = fold([said, denied]);
    expect(payment.amounts.authorized).toBe(0n);
    expect(payment.unresolved).toEqual(['aut1']);
    expect(payment.anomalies).toContainEqual({ kind: 'contradicted', about: ['aut1'] });
    expect(payment.final).toBe(false);
  });

  it('ends when one side is retracted', () => {
    expect(fold([said, denied, retraction(denied)]).amounts.authorized).toBe(100n);
    expect(fold([said, denied, retraction(said)]).operations[0]?.status).toBe('refused');
  });
});

describe('a retraction', () => {
  const fact = capture('cap1', 'succeeded', 100);

  it('wins before its target has come', () => {
    expect(fold([retraction(fact), fact]).amounts.captured).toBe(0n);
  });

  it('wins for ever: it can not be retracted', () => {
    const taken = retraction(fact);
    expect(fold([fact, taken, retraction(taken)]).amounts.captured).toBe(0n);
  });

  it('takes back an alias and terms too', () => {
    const named = alias('ch_1', 'aut1');
    const facts = [authorization('ch_1', 'succeeded', 100), named, retraction(named)];
    expect(fold(facts).operations.map(({ id }) => id)).toEqual(['ch_1']);
    expect(fold([terms(100), retraction(terms(100))])).toEqual(fold([]));
  });
});

describe('an operation', () => {
  it('is ours once we asked for it, foreign otherwise', () => {
    expect(operation([refund('re_1', 'succeeded', 10)], 're_1')?.foreign).toBe(true);
    expect(operation([refund('ref1', 'requested', 10)], 'ref1')?.foreign).toBe(false);
    expect(operation([refund('ref1', 'unknown', undefined, { call: 1 })], 'ref1')?.foreign).toBe(
      false,
    );
  });

  it('keeps what was asked and what came of it apart', () => {
    const facts = [capture('cap1', 'requested', 100), capture('cap1', 'succeeded', 60)];
    expect(operation(facts, 'cap1')).toMatchObject({ asked: eur(100), amount: eur(60) });
  });

  it('has the highest amount its status names, and the reason', () => {
    const facts = [
      refund('ref1', 'succeeded', 40),
      refund('ref1', 'succeeded', 50, { source: 'poll' }),
      refund('ref1', 'pending', 90),
    ];
    expect(operation(facts, 'ref1')?.amount).toEqual(eur(50));
    const declined = authorization('aut1', 'refused', undefined, { reason: 'do_not_honor' });
    expect(operation([declined], 'aut1')?.reason).toBe('do_not_honor');
  });

  it('has the amount in a report only where nobody else tells one', () => {
    const reported = capture('cap1', 'succeeded', 110, { source: 'settlement' });
    expect(operation([reported], 'cap1')?.amount).toEqual(eur(110));
    const webhook = capture('cap1', 'succeeded', 100);
    expect(operation([reported, webhook], 'cap1')?.amount).toEqual(eur(100));
    expect(operation([webhook, reported], 'cap1')?.amount).toEqual(eur(100));
    const silent = capture('cap1', 'succeeded', undefined);
    expect(operation([reported, silent], 'cap1')?.amount).toEqual(eur(110));
    const pending = capture('cap1', 'pending', 100);
    expect(operation([reported, pending], 'cap1')?.amount).toEqual(eur(110));
  });

  it('with two contents under one fact id is read the same from either side', () => {
    const one = capture('cap1', 'succeeded', 100, { id: 'same' });
    const other = capture('cap1', 'succeeded', 50, { id: 'same' });
    expect(fold([one, other])).toEqual(fold([other, one]));
  });

  it('of two kinds under one id counts as both, and is flagged', () => {
    const payment = fold([capture('x', 'succeeded', 100), refund('x', 'succeeded', 100)]);
    expect(payment.amounts).toMatchObject({ captured: 100n, refunded: 100n });
    expect(payment.anomalies).toEqual([{ kind: 'kind_conflict', about: ['x'] }]);
  });
});
