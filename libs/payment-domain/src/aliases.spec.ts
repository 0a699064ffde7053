import { fold } from './fold.js';
import {
  alias,
  authorization,
  capture,
  eur,
  refund,
  session,
  total,
  voiding,
} from './testing/facts.js';

const ids = (facts: Parameters<typeof fold>[0]) => fold(facts).operations.map(({ id }) => id);

describe('an alias', () => {
  it('makes one operation of ours and the gateway’s, with the outcomes of both', () => {
    const payment = fold([
      authorization('aut1', 'requested', 100),
      authorization('aut1', 'unknown', undefined, { source: 'response', call: 1 }),
      authorization('ch_1', 'succeeded', 100),
      alias('ch_1', 'aut1'),
    ]);
    expect(payment.operations).toEqual([
      {
        id: 'aut1',
        kind: 'authorization',
        status: 'succeeded',
        asked: eur(100),
        amount: eur(100),
        foreign: false,
        aliases: ['ch_1'],
      },
    ]);
    expect(payment.amounts.authorized).toBe(100n);
    expect(payment.unresolved).toEqual([]);
  });

  it('is followed along a chain, and for parents too', () => {
    const facts = [
      capture('b', 'succeeded', 10, { parent: 'x' }),
      alias('b', 'c'),
      alias('c', 'cap1'),
      alias('x', 'aut1'),
    ];
    expect(fold(facts).operations).toMatchObject([
      { id: 'cap1', parent: 'aut1', aliases: ['b', 'c'] },
    ]);
  });

  it('of the payment itself names its container', () => {
    const facts = [session('pi_1', 'pending'), session('pay1', 'canceled'), alias('pi_1', 'pay1')];
    expect(fold(facts)).toMatchObject({ closed: true, operations: [{ id: 'pay1' }] });
  });

  it('with two targets leads nowhere and is flagged', () => {
    const facts = [
      authorization('ch_1', 'succeeded', 100),
      authorization('aut1', 'refused'),
      authorization('aut2', 'refused'),
      alias('ch_1', 'aut1'),
      alias('ch_1', 'aut2'),
    ];
    expect(ids(facts)).toEqual(['aut1', 'aut2', 'ch_1']);
    expect(fold(facts).anomalies).toContainEqual({
      kind: 'alias_with_two_targets',
      about: ['aut1', 'aut2', 'ch_1'],
    });
  });

  it('with two targets that are the same operation is fine', () => {
    const facts = [refund('a', 'succeeded', 1), alias('a', 'b'), alias('a', 'c'), alias('b', 'c')];
    expect(ids(facts)).toEqual(['c']);
    expect(fold(facts).anomalies).not.toContainEqual(
      expect.objectContaining({ kind: 'alias_with_two_targets' }),
    );
  });

  it('in a loop leads nowhere and is flagged', () => {
    const facts = [refund('a', 'succeeded', 1), alias('a', 'b'), alias('b', 'a')];
    expect(ids(facts)).toEqual(['a']);
    expect(fold(facts).anomalies).toContainEqual({
      kind: 'alias_with_two_targets',
      about: ['a', 'b'],
    });
  });
});

describe('an operation of ours in doubt', () => {
  const ours = refund('ref1', 'requested', 50);
  const theirs = refund('re_1', 'succeeded', 50);

  it('may be a foreign one of its kind: that counts, ours stays open, both are flagged', () => {
    const payment = fold([capture('c', 'succeeded', 100), ours, theirs]);
    expect(payment.amounts.refunded).toBe(50n);
    expect(payment.unresolved).toEqual(['ref1']);
    expect(payment.final).toBe(false);
    expect(payment.anomalies).toEqual([{ kind: 'possibly_the_same', about: ['re_1', 'ref1'] }]);
    expect(payment.operations.find(({ id }) => id === 'ref1')?.status).toBe('requested');
  });

  it('is in doubt no more once it is aliased, or has its own outcome', () => {
    expect(fold([ours, theirs, alias('re_1', 'ref1')]).unresolved).toEqual([]);
    const both = fold([
      capture('c', 'succeeded', 100),
      ours,
      theirs,
      refund('ref1', 'succeeded', 50),
    ]);
    expect(both.unresolved).toEqual([]);
    expect(both.amounts.refunded).toBe(100n); // Two refunds of one amount are two refunds.
  });

  it('may also be what a running total tells of', () => {
    const payment = fold([capture('cap1', 'requested', 60), total('ch_1', 60)]);
    expect(payment.amounts.captured).toBe(60n);
    expect(payment.unresolved).toEqual(['cap1']);
    const answered = fold([
      capture('cap1', 'requested', 60),
      total('ch_1', 60),
      capture('cap1', 'succeeded', 60, { source: 'response', call: 1 }),
    ]);
    expect(answered.amounts.captured).toBe(60n);
    expect(answered.unresolved).toEqual([]);
  });

  it('is not matched with another kind', () => {
    expect(fold([ours, voiding('ch_1/void', 'succeeded')]).unresolved).toEqual([]);
  });
});
