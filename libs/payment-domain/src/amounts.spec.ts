import type { Fact } from './fact.js';
import { fold, leftToCapture } from './fold.js';
import {
  alias,
  authorization,
  capture,
  eur,
  refund,
  session,
  terms,
  total,
  usd,
  voiding,
} from './testing/facts.js';

const amounts = (...facts: readonly Fact[]) => fold(facts).amounts;
const kinds = (facts: Parameters<typeof fold>[0]) => fold(facts).anomalies.map(({ kind }) => kind);
const won = authorization('aut1', 'succeeded', 100);

const NOTHING_DISPUTED = { disputed: 0n, chargedBack: 0n, disputeFees: 0n };

describe('captured', () => {
  it('is the sum of the captures when they are known one by one', () => {
    expect(amounts(capture('a', 'succeeded', 30), capture('b', 'succeeded', 70)).captured).toBe(
      100n,
    );
  });

  it('is at least the highest total, never the sum of twins', () => {
    const payment = fold([
      capture('a', 'succeeded', 30),
      total('ch_1', 30),
      total('pi_1', 100),
      total('ch_1', 100),
    ]);
    expect(payment.amounts.captured).toBe(100n);
    expect(payment.operations.find(({ id }) => id === 'foreign')).toEqual({
      id: 'foreign',
      kind: 'capture',
      status: 'succeeded',
      amount: eur(70),
      parent: 'ch_1',
      foreign: true,
      aliases: [],
    });
  });

  it('is gross less what was reversed: a total does not fall, so it may not bring the reversed back', () => {
    const facts = [
      capture('a', 'succeeded', 100),
      total('ch_1', 100),
      capture('a', 'reversed', 100),
    ];
    expect(amounts(...facts).captured).toBe(0n);
    expect(amounts(total('ch_1', 100), capture('a', 'reversed', 100)).captured).toBe(0n);
  });

  it('does not count what a contradicted capture claims', () => {
    expect(amounts(capture('a', 'succeeded', 100), capture('a', 'refused')).captured).toBe(0n);
  });
});

describe('refunded', () => {
  it('falls when a refund fails after it had succeeded', () => {
    const facts = [capture('c', 'succeeded', 100), refund('r', 'succeeded', 40)];
    expect(amounts(...facts).refunded).toBe(40n);
    expect(amounts(...facts, refund('r', 'reversed', 40)).refunded).toBe(0n);
  });
});

describe('voided', () => {
  it('is what is not captured, however often the void is told', () => {
    const facts = [won, capture('c', 'succeeded', 60), voiding('voi1', 'succeeded')];
    expect(amounts(...facts).voided).toBe(40n);
    expect(amounts(...facts, voiding('ch_1/void', 'succeeded', 40)).voided).toBe(40n);
  });

  it('is the named part when a void names one, and of its own authorization only', () => {
    const second = authorization('aut2', 'succeeded', 50);
    const part = voiding('v', 'succeeded', 30, { parent: 'aut1' });
    expect(amounts(won, second, part).voided).toBe(30n);
    expect(
      amounts(won, second, voiding('v', 'succeeded', undefined, { parent: 'aut2' })).voided,
    ).toBe(50n);
  });

  it('is what the gateway releases by itself: the rest after a final capture', () => {
    const payment = fold([won, capture('c', 'succeeded', 60), session('pi_1', 'succeeded')]);
    expect(payment.amounts).toEqual({
      ...{ authorized: 100n, captured: 60n, refunded: 0n, voided: 40n },
      ...NOTHING_DISPUTED,
    });
    expect(payment.operations.find(({ id }) => id === 'released')).toMatchObject({
      kind: 'void',
      amount: eur(40),
      foreign: true,
    });
    expect(leftToCapture(payment)).toBe(0n);
  });

  it('covers increments with the authorization they raise', () => {
    const raise = authorization('aut1b', 'succeeded', 20, { parent: 'aut1' });
    expect(
      amounts(won, raise, voiding('v', 'succeeded', undefined, { parent: 'aut1' })).voided,
    ).toBe(120n);
    expect(kinds([won, raise])).toEqual([]);
  });

  it('leaves alone the authorization that paid when another try was given back', () => {
    const payment = fold([
      won,
      authorization('aut2', 'succeeded', 100),
      voiding('v', 'succeeded', undefined, { parent: 'aut1' }),
      capture('c', 'succeeded', 100),
    ]);
    expect(payment).toMatchObject({ label: 'captured', amounts: { voided: 100n }, anomalies: [] });
  });
});

describe('another currency', () => {
  it('has a bucket of its own, is flagged and never added', () => {
    const payment = fold([
      terms(100),
      capture('a', 'succeeded', 100),
      capture('b', 'succeeded', usd(70)),
      total('ch_9', usd(90)),
      refund('r', 'succeeded', usd(10)),
    ]);
    expect(payment.currency).toBe('EUR');
    expect(payment.amounts).toMatchObject({ captured: 100n, refunded: 0n });
    expect(payment.otherCurrencies).toEqual({
      USD: { authorized: 0n, captured: 90n, refunded: 10n, ...NOTHING_DISPUTED },
    });
    expect(payment.anomalies).toContainEqual({ kind: 'other_currency', about: ['USD'] });
  });

  it('does not take the lock from the terms, whichever came first', () => {
    const early = { ...capture('a', 'succeeded', usd(1)), id: '0' };
    expect(fold([early]).currency).toBe('USD');
    expect(fold([early, terms(100)]).currency).toBe('EUR');
  });
});

describe('anomalies', () => {
  it('captured more than authorized, once an authorization is known', () => {
    const taken = capture('c', 'succeeded', 101);
    expect(kinds([taken])).toEqual([]);
    expect(kinds([won, taken])).toEqual(['captured_more_than_authorized']);
  });

  it('refunded more than captured', () => {
    expect(kinds([capture('c', 'succeeded', 10), refund('r', 'succeeded', 11)])).toEqual([
      'refunded_more_than_captured',
    ]);
  });

  it('capture and full void both succeeded; a void of the rest is fine', () => {
    const all = capture('c', 'succeeded', 100);
    const part = capture('c', 'succeeded', 60);
    expect(fold([won, all, voiding('v', 'succeeded')]).anomalies).toEqual([
      { kind: 'captured_and_voided', about: ['c', 'v'] },
    ]);
    expect(kinds([won, part, voiding('v', 'succeeded', 100)])).toEqual(['captured_and_voided']);
    expect(kinds([won, part, voiding('v', 'succeeded', 40)])).toEqual([]);
    expect(kinds([won, part, voiding('v', 'succeeded')])).toEqual([]);
  });

  it('two authorizations won, unless one was given back or they are one', () => {
    const second = authorization('ch_2', 'succeeded', 100);
    expect(fold([won, second]).anomalies).toEqual([
      { kind: 'two_authorizations', about: ['aut1', 'ch_2'] },
    ]);
    expect(kinds([won, second, voiding('v', 'succeeded', undefined, { parent: 'ch_2' })])).toEqual(
      [],
    );
    expect(kinds([won, second, alias('ch_2', 'aut1')])).toEqual([]);
  });

  it('terms that differ; the same terms told again are fine', () => {
    expect(kinds([terms(100), terms(100, { id: 'again', at: '2027-01-01T00:00:00Z' })])).toEqual(
      [],
    );
    const payment = fold([terms(100), terms(90, { id: 'a' })]);
    expect(payment.anomalies).toEqual([{ kind: 'terms_conflict', about: ['a', 'terms 100'] }]);
    expect(payment.terms?.amount).toEqual(eur(90));
  });
});
