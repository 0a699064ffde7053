import { fold } from './fold.js';
import type { Money } from './money.js';
import { netOf, owedTo, sharesOf, splitsFlaw, type Splits } from './splits.js';
import {
  alias,
  capture,
  dispute,
  eur,
  participantPayout,
  participantReversal,
  refund,
  terms,
  usd,
  withdrawal,
} from './testing/facts.js';

const THIRDS: Splits = {
  participants: [
    { participant: 'a', basisPoints: 3_333 },
    { participant: 'b', basisPoints: 3_333 },
    { participant: 'c', basisPoints: 3_334 },
  ],
  refunds: { rule: 'proportional' },
};
const MARKET: Splits = {
  participants: [
    { participant: 'seller', basisPoints: 8_000 },
    { participant: 'courier', minor: 500n },
  ],
  platformFee: { basisPoints: 1_000 },
  refunds: { rule: 'proportional' },
};

type Facts = Parameters<typeof fold>[0];

/** Of each party, by name: captured, refunded, charged back, disputed, paid out; those without zeros at the end. */
function shares(splits: Splits, agreed: number, facts: Facts, currency?: string) {
  const payment = fold([terms(agreed, { splits }), ...facts]);
  return Object.fromEntries(
    sharesOf(payment, currency).map((share) => {
      const { by, participant, captured, refunded, chargedBack, disputed, paidOut } = share;
      const columns = [captured, refunded, chargedBack, disputed, paidOut].map(Number);
      while (columns.at(-1) === 0) columns.pop();
      return [participant ?? by, columns];
    }),
  );
}

const captures = (...minors: number[]) =>
  minors.map((minor, i) => capture(`cap${i + 1}`, 'succeeded', minor));

describe('what participants have in a payment', () => {
  it('is the storefront’s where nothing was agreed', () => {
    const payment = fold([terms(1_000), ...captures(1_000), refund('ref1', 'succeeded', 200)]);
    expect(sharesOf(payment)).toEqual([
      {
        by: 'storefront',
        captured: 1_000n,
        refunded: 200n,
        chargedBack: 0n,
        disputed: 0n,
        paidOut: 0n,
      },
    ]);
  });

  it('does not drift: three captures of 3.33 are shared as one of 9.99', () => {
    const one = shares(THIRDS, 999, captures(999));
    expect(shares(THIRDS, 999, captures(333, 333, 333))).toEqual(one);
    expect(one).toEqual({ a: [333], b: [333], c: [333], storefront: [] });
  });

  it('gives the last unit to the largest remainder, not to the first in the list', () => {
    // Exactly 3.333, 3.333 and 3.334 of 10.
    expect(shares(THIRDS, 10, captures(10))).toEqual({ a: [3], b: [3], c: [4], storefront: [] });
  });

  it('takes the platform’s fee off first, then fixed shares and percentages of what is left', () => {
    expect(shares(MARKET, 10_000, captures(10_000))).toEqual({
      seller: [7_200],
      courier: [500],
      platform_fee: [1_000],
      storefront: [1_300],
    });
  });

  it('gives of a part of the amount that part of a fixed share, and of more than it no more', () => {
    expect(shares(MARKET, 10_000, captures(5_000))).toMatchObject({ courier: [250] });
    expect(shares(MARKET, 10_000, captures(10_000, 10_000))).toEqual({
      seller: [14_400],
      courier: [500],
      platform_fee: [2_000],
      storefront: [3_100],
    });
  });

  it('is the storefront’s in another currency, where nothing was agreed', () => {
    const facts = [capture('cap9', 'succeeded', usd(700))];
    expect(shares(MARKET, 10_000, facts, 'USD')).toEqual({ storefront: [700] });
  });

  it('goes back by what each has, and all of it when all goes back', () => {
    const part = [...captures(10_000), refund('ref1', 'succeeded', 1_000)];
    expect(shares(MARKET, 10_000, part)).toEqual({
      seller: [7_200, 720],
      courier: [500, 50],
      platform_fee: [1_000, 100],
      storefront: [1_300, 130],
    });
    const all = [...part, refund('ref2', 'succeeded', 9_000)];
    expect(shares(MARKET, 10_000, all)).toMatchObject({ seller: [7_200, 7_200] });
  });

  it('goes back from the platform first where that was agreed', () => {
    const splits = { ...MARKET, refunds: { rule: 'platform_first' } } as const;
    const facts = [...captures(10_000), refund('ref1', 'succeeded', 3_000)];
    expect(shares(splits, 10_000, facts)).toEqual({
      seller: [7_200, 655],
      courier: [500, 45],
      platform_fee: [1_000, 1_000],
      storefront: [1_300, 1_300],
    });
  });

  it('goes back from the participant who was named first, and the rest from everybody else', () => {
    const splits: Splits = {
      ...MARKET,
      refunds: { rule: 'participant_first', participant: 'courier' },
    };
    const little = [...captures(10_000), refund('ref1', 'succeeded', 300)];
    expect(shares(splits, 10_000, little)).toMatchObject({ seller: [7_200], courier: [500, 300] });
    const more = [...captures(10_000), refund('ref1', 'succeeded', 1_450)];
    expect(shares(splits, 10_000, more)).toEqual({
      seller: [7_200, 720],
      courier: [500, 500],
      platform_fee: [1_000, 100],
      storefront: [1_300, 130],
    });
  });

  it('is lost beyond what anybody has by the storefront alone', () => {
    const facts = [...captures(10_000), refund('ref1', 'succeeded', 10_400)];
    expect(shares(MARKET, 10_000, facts)).toMatchObject({
      seller: [7_200, 7_200],
      storefront: [1_300, 1_700],
    });
  });

  it('is taken by lost disputes as by refunds, and only held back by undecided ones', () => {
    const paid = [...captures(10_000), withdrawal('w1', 'succeeded', 5_000, { parent: 'dp_1' })];
    expect(
      shares(MARKET, 10_000, [...paid, dispute('dp_1', 'chargeback', 'opened', 5_000)]),
    ).toMatchObject({ seller: [7_200, 0, 0, 3_600], storefront: [1_300, 0, 0, 650] });
    expect(
      shares(MARKET, 10_000, [...paid, dispute('dp_1', 'chargeback', 'lost', 5_000)]),
    ).toMatchObject({ seller: [7_200, 0, 3_600], storefront: [1_300, 0, 650] });
  });

  it('is taken by disputes from what refunds left', () => {
    const splits = { ...MARKET, refunds: { rule: 'platform_first' } } as const;
    const facts = [
      ...captures(10_000),
      refund('ref1', 'succeeded', 2_000),
      withdrawal('w1', 'succeeded', 8_000, { parent: 'dp_1' }),
      dispute('dp_1', 'chargeback', 'lost', 8_000),
    ];
    expect(shares(splits, 10_000, facts)).toEqual({
      seller: [7_200, 0, 7_200],
      courier: [500, 0, 500],
      platform_fee: [1_000, 870, 130],
      storefront: [1_300, 1_130, 170],
    });
  });

  const paying = (participant: string, minor: number | Money = 7_200) =>
    participantPayout('par1', 'succeeded', minor, { participant });

  it('was passed on less what was taken back', () => {
    const back = participantReversal('prv1', 'succeeded', 720, {
      participant: 'seller',
      parent: 'par1',
    });
    const facts = [...captures(10_000), paying('seller'), back];
    expect(shares(MARKET, 10_000, facts)).toMatchObject({ seller: [7_200, 0, 0, 0, 6_480] });
  });

  it('shows below zero who was paid more than is theirs by now', () => {
    const payment = fold([
      terms(10_000, { splits: MARKET }),
      ...captures(10_000),
      paying('seller'),
      refund('ref1', 'succeeded', 10_000),
    ]);
    const seller = sharesOf(payment).find(({ participant }) => participant === 'seller')!;
    expect(netOf(seller)).toBe(0n);
    expect(owedTo(seller)).toBe(-7_200n);
  });

  it('names who was paid without being agreed, and the storefront where nobody is named', () => {
    const nameless = participantPayout('par2', 'succeeded', 40);
    const facts = [...captures(10_000), paying('stranger', 60), nameless];
    const seen = shares(MARKET, 10_000, facts);
    expect(Object.keys(seen)).toEqual([
      'seller',
      'courier',
      'stranger',
      'platform_fee',
      'storefront',
    ]);
    expect(seen).toMatchObject({
      stranger: [0, 0, 0, 0, 60],
      storefront: [1_300, 0, 0, 0, 40],
    });
  });

  it('knows a payout under the gateway’s name too', () => {
    const told = participantPayout('tr_1', 'succeeded', 7_200);
    const asked = participantPayout('par1', 'requested', 7_200, { participant: 'seller' });
    const facts = [...captures(10_000), told, asked, alias('tr_1', 'par1')];
    expect(shares(MARKET, 10_000, facts)).toMatchObject({ seller: [7_200, 0, 0, 0, 7_200] });
  });

  it('is nobody else’s than the storefront’s where the splits don’t fit the amount', () => {
    const splits: Splits = { ...MARKET, participants: [{ participant: 'seller', minor: 95n }] };
    expect(shares(splits, 100, captures(100))).toEqual({ storefront: [100] });
  });
});

describe('splits', () => {
  const of = (more: Partial<Splits>, amount = 1_000) =>
    splitsFlaw({ ...MARKET, ...more }, eur(amount).minor);

  it('fit their amount', () => {
    expect(of({}, 10_000)).toBeUndefined();
    expect(of({ participants: [{ participant: 'a', minor: 900n }] })).toBeUndefined();
    expect(of({ participants: [{ participant: 'a', basisPoints: 10_000 }] })).toBeUndefined();
  });

  it.each([
    [
      'fixed shares beyond the amount',
      { participants: [{ participant: 'a', minor: 901n }] },
      { at: 'participants', index: 0, reason: 'exceed_amount' },
    ],
    [
      'percentages beyond the whole',
      {
        participants: [
          { participant: 'a', basisPoints: 6_000 },
          { participant: 'b', basisPoints: 4_001 },
        ],
      },
      { at: 'participants', index: 1, reason: 'exceed_amount' },
    ],
    [
      'a fixed share beside percentages that leave too little',
      {
        participants: [
          { participant: 'a', basisPoints: 10_000 },
          { participant: 'b', minor: 1n },
        ],
      },
      { at: 'participants', index: 1, reason: 'exceed_amount' },
    ],
    [
      'a participant twice',
      {
        participants: [
          { participant: 'a', minor: 1n },
          { participant: 'a', minor: 1n },
        ],
      },
      { at: 'participants', index: 1, reason: 'participant_repeated' },
    ],
    [
      'a share of both sizes',
      { participants: [{ participant: 'a', minor: 1n, basisPoints: 1 }] },
      { at: 'participants', index: 0, reason: 'no_size' },
    ],
    [
      'a share of no size',
      { participants: [{ participant: 'a' }] },
      { at: 'participants', index: 0, reason: 'no_size' },
    ],
    [
      'a fee beyond the amount',
      { platformFee: { minor: 1_001n } },
      { at: 'platformFee', reason: 'exceed_amount' },
    ],
    ['a fee of no size', { platformFee: {} }, { at: 'platformFee', reason: 'no_size' }],
    [
      'a rule that names nobody of them',
      { refunds: { rule: 'participant_first', participant: 'z' } },
      { at: 'refunds', reason: 'participant_unknown' },
    ],
    [
      'a rule that needs no name and has one',
      { refunds: { rule: 'proportional', participant: 'seller' } },
      { at: 'refunds', reason: 'participant_unknown' },
    ],
  ] as const)('have a flaw: %s', (_, more, flaw) => {
    const splits = 'participants' in more ? { ...more } : { participants: [], ...more };
    expect(of(splits as Partial<Splits>)).toEqual(flaw);
  });
});
