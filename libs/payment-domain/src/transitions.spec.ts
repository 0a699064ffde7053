import type { Fact } from './fact.js';
import { fold } from './fold.js';
import { alias, authorization, capture, refund, terms, usd, voiding } from './testing/facts.js';
import { transitions } from './transitions.js';

const caused = (before: readonly Fact[], ...more: readonly Fact[]) =>
  transitions(fold(before), fold([...before, ...more]));

describe('transitions', () => {
  const won = authorization('ch_1', 'succeeded', 100);
  const asked = authorization('aut1', 'requested', 100);

  it('name the operation, from, to and the amount between', () => {
    expect(caused([asked], authorization('aut1', 'succeeded', 100))).toEqual([
      {
        operation: 'aut1',
        kind: 'authorization',
        from: 'requested',
        to: 'succeeded',
        delta: 100n,
        currency: 'EUR',
      },
    ]);
    expect(caused([refund('r', 'succeeded', 40)], refund('r', 'reversed', 40))).toEqual([
      {
        operation: 'r',
        kind: 'refund',
        from: 'succeeded',
        to: 'reversed',
        delta: -40n,
        currency: 'EUR',
      },
    ]);
  });

  it('are none when nothing changed', () => {
    expect(caused([won], won)).toEqual([]);
    expect(caused([won], authorization('ch_1', 'pending'))).toEqual([]);
    expect(caused([won], terms(100))).toEqual([]);
  });

  it('move a foreign operation over to ours when an alias joins them', () => {
    expect(caused([asked, won], alias('ch_1', 'aut1'))).toEqual([
      {
        operation: 'aut1',
        kind: 'authorization',
        from: 'requested',
        to: 'succeeded',
        delta: 100n,
        currency: 'EUR',
      },
      {
        operation: 'ch_1',
        kind: 'authorization',
        from: 'succeeded',
        to: 'none',
        delta: -100n,
        currency: 'EUR',
      },
    ]);
  });

  it('show a void that releases less because a capture came in', () => {
    const before = [won, voiding('voi1', 'succeeded')];
    expect(caused(before, capture('cap1', 'succeeded', 60))).toEqual([
      {
        operation: 'cap1',
        kind: 'capture',
        from: 'none',
        to: 'succeeded',
        delta: 60n,
        currency: 'EUR',
      },
      {
        operation: 'voi1',
        kind: 'void',
        from: 'succeeded',
        to: 'succeeded',
        delta: -60n,
        currency: 'EUR',
      },
    ]);
  });

  it('keep currencies apart', () => {
    const dollars = capture('c', 'succeeded', usd(70));
    expect(caused([terms(100), dollars], capture('c', 'succeeded', 60))).toEqual([
      {
        operation: 'c',
        kind: 'capture',
        from: 'succeeded',
        to: 'succeeded',
        delta: -70n,
        currency: 'USD',
      },
      {
        operation: 'c',
        kind: 'capture',
        from: 'succeeded',
        to: 'succeeded',
        delta: 60n,
        currency: 'EUR',
      },
    ]);
  });

  it('say XXX while no amount is known', () => {
    expect(caused([], refund('r', 'pending'))).toMatchObject([{ delta: 0n, currency: 'XXX' }]);
  });
});
