import { encode, LEDGER_ENTRIES } from '@paylog/contracts';
import type { Fact, Splits } from '@paylog/payment-domain';
import {
  aliasOf,
  captureIdOf,
  changesOf,
  chargeOf,
  disputed,
  factOf,
  idOf,
  money,
  passedOn,
  refunded,
  sold,
  termsOf,
} from '../testing/payments.js';
import { MemoryLedger, sumsOf, unbalanced } from '../testing/memory-ledger.js';
import { NEW_BOOK, post } from './post.js';

const postedOf = (facts: readonly Fact[]) => {
  const ledger = new MemoryLedger();
  ledger.post(changesOf('o1', facts));
  return ledger.entries;
};

const NOW = '2026-03-02T00:00:10.000Z';

describe('post', () => {
  it('posts a capture once, for the event that captured', () => {
    const changes = changesOf('o1', sold({ order: 'o1', minor: 1_000 }));
    const { appends } = post(new Map(), changes, NOW);
    const entries = appends.flatMap(({ effects }) => (effects as { entries: object[] }).entries);
    expect(entries).toEqual([
      expect.objectContaining({
        paymentId: idOf('o1'),
        currency: 'EUR',
        reason: 'captured',
        valueDate: '2026-03-01',
        bookedOn: '2026-03-02',
        lines: [
          { account: 'payable:shop', side: 'credit', minor: '1000' },
          { account: 'receivable:stripe-main', side: 'debit', minor: '1000' },
        ],
      }),
    ]);
    expect(appends[0]).toMatchObject({ stream: idOf('o1'), expectedVersion: 0 });
    expect(() => encode(LEDGER_ENTRIES, 'EntryPosted', entries[0] as never)).not.toThrow();
  });

  it('gives a refund back, and takes a failed refund back', () => {
    const ledger = new MemoryLedger();
    const facts = [
      ...sold({ order: 'o1', minor: 1_000 }),
      ...refunded({ order: 'o1' }, 1, 300, 'succeeded'),
      ...refunded({ order: 'o1' }, 2, 200, 'succeeded', 'reversed'),
    ];
    ledger.post(changesOf('o1', facts));
    expect(ledger.entries.map(({ reason }) => reason)).toEqual([
      'captured',
      'refunded',
      'refunded',
      'refund_reversed',
    ]);
    expect(sumsOf(ledger.entries)).toEqual({
      'EUR payable:shop': -700n,
      'EUR receivable:stripe-main': 700n,
    });
  });

  it('holds what a dispute takes, gives it back when it is won, and writes it off when it is lost', () => {
    const paid = sold({ order: 'o1', minor: 1_000 });
    const open = new MemoryLedger();
    open.post(changesOf('o1', [...paid, ...disputed({ order: 'o1' }, 400, 'opened')]));
    expect(sumsOf(open.entries)).toEqual({
      'EUR payable:shop': -1_000n,
      'EUR receivable:stripe-main': 600n,
      'EUR dispute_held:stripe-main': 400n,
    });

    const lost = new MemoryLedger();
    lost.post(changesOf('o1', [...paid, ...disputed({ order: 'o1' }, 400, 'opened', 'lost')]));
    expect(sumsOf(lost.entries)).toEqual({
      'EUR payable:shop': -1_000n,
      'EUR receivable:stripe-main': 600n,
      'EUR dispute_lost:stripe-main': 400n,
    });

    const won = new MemoryLedger();
    won.post(changesOf('o1', [...paid, ...disputed({ order: 'o1' }, 400, 'won')]));
    expect(won.entries.map(({ reason }) => reason)).toEqual([
      'captured',
      'dispute_withdrawn',
      'dispute_reinstated',
    ]);
    expect(sumsOf(won.entries)).toEqual(sumsOf(postedOf(paid)));
  });

  describe('of a split payment', () => {
    const splits: Splits = {
      participants: [
        { participant: 'seller', basisPoints: 8_000 },
        { participant: 'courier', minor: 500n },
      ],
      platformFee: { basisPoints: 1_000 },
      refunds: { rule: 'proportional' },
    };
    const paid = sold({ order: 'o1', minor: 10_000, splits });
    const posted = (...facts: Fact[]) => {
      const ledger = new MemoryLedger();
      ledger.post(changesOf('o1', [...paid, ...facts]));
      return ledger;
    };

    it('owes a line a participant, and the storefront the fee and the rest', () => {
      expect(sumsOf(posted().entries)).toEqual({
        'EUR receivable:stripe-main': 10_000n,
        'EUR payable:shop/seller': -7_200n,
        'EUR payable:shop/courier': -500n,
        'EUR payable:shop': -2_300n,
      });
    });

    it('takes off what is passed on, and shows who owes it after a refund', () => {
      const passed = passedOn({ order: 'o1' }, 'seller', 7_200);
      const ledger = posted(...passed);
      expect(ledger.entries.at(-1)).toMatchObject({
        reason: 'participant_paid',
        lines: [
          { account: 'payable:shop/seller', side: 'debit', minor: '7200' },
          { account: 'receivable:stripe-main', side: 'credit', minor: '7200' },
        ],
      });
      const refunds = refunded({ order: 'o1' }, 1, 1_000, 'succeeded');
      expect(sumsOf(posted(...passed, ...refunds).entries)).toEqual({
        'EUR receivable:stripe-main': 1_800n,
        'EUR payable:shop/seller': 720n,
        'EUR payable:shop/courier': -450n,
        'EUR payable:shop': -2_070n,
      });
      const back = passedOn({ order: 'o1' }, 'seller', 7_200, 720);
      expect(sumsOf(posted(...back, ...refunds).entries)).toEqual({
        'EUR receivable:stripe-main': 2_520n,
        'EUR payable:shop/courier': -450n,
        'EUR payable:shop': -2_070n,
      });
    });

    it('lets participants bear their part of a lost dispute', () => {
      const lost = disputed({ order: 'o1' }, 10_000, 'lost');
      expect(sumsOf(posted(...lost).entries)).toEqual({
        'EUR dispute_lost:stripe-main': 2_300n,
        'EUR payable:shop': -2_300n,
      });
    });

    it('posts the difference of the whole, so that parts never drift', () => {
      const thirds: Splits = {
        participants: [
          { participant: 'a', basisPoints: 3_333 },
          { participant: 'b', basisPoints: 3_333 },
          { participant: 'c', basisPoints: 3_334 },
        ],
        refunds: { rule: 'proportional' },
      };
      const capture = (n: number) => factOf('o2')('capture', `cap${n}`, 'succeeded', money(333));
      const ledger = new MemoryLedger();
      const terms = termsOf({ order: 'o2', minor: 999, splits: thirds });
      ledger.post(changesOf('o2', [terms, capture(1), capture(2), capture(3)]));
      expect(unbalanced(ledger.entries)).toEqual([]);
      expect(sumsOf(ledger.entries)).toEqual({
        'EUR receivable:stripe-main': 999n,
        'EUR payable:shop/a': -333n,
        'EUR payable:shop/b': -333n,
        'EUR payable:shop/c': -333n,
      });
    });

    it('expects a transfer and its reversal in a report', () => {
      const ledger = posted(...passedOn({ order: 'o1' }, 'seller', 7_200, 720));
      expect(ledger.books.get(idOf('o1'))?.expectations).toMatchObject([
        { kind: 'capture' },
        { kind: 'participant_payout', standing: 'due', gatewayObject: 'tr_o1_seller' },
        { kind: 'participant_payout_reversal', standing: 'due', gatewayObject: 'trr_o1_seller' },
      ]);
    });
  });

  it('moves what is held to what is lost at the moment the case is decided', () => {
    const [opened, withdrawal] = disputed({ order: 'o1' }, 1_000, 'opened') as [Fact, Fact];
    const [lost] = disputed({ order: 'o1' }, 1_000, 'lost') as [Fact];
    const ledger = new MemoryLedger();
    const facts = [...sold({ order: 'o1', minor: 1_000 }), opened, withdrawal, lost];
    ledger.post(changesOf('o1', facts));
    expect(ledger.entries.at(-1)).toMatchObject({
      reason: 'dispute_lost',
      lines: [
        { account: 'dispute_held:stripe-main', side: 'credit', minor: '1000' },
        { account: 'dispute_lost:stripe-main', side: 'debit', minor: '1000' },
      ],
    });
  });

  it('posts each currency by itself', () => {
    const ledger = new MemoryLedger();
    const fact = factOf('o1');
    const facts = [
      ...sold({ order: 'o1', minor: 1_000 }),
      fact('refund', 're_usd', 'succeeded', money(500, 'USD')),
    ];
    ledger.post(changesOf('o1', facts));
    expect(sumsOf(ledger.entries)).toEqual({
      'EUR payable:shop': -1_000n,
      'EUR receivable:stripe-main': 1_000n,
      'USD payable:shop': 500n,
      'USD receivable:stripe-main': -500n,
    });
    expect(unbalanced(ledger.entries)).toEqual([]);
  });

  it('moves what was posted before the terms were known', () => {
    const ledger = new MemoryLedger();
    const facts = [
      factOf('o1')('capture', 'ch_1/capture', 'succeeded', money(1_000)),
      termsOf({ order: 'o1', minor: 1_000 }),
    ];
    const changes = changesOf('o1', facts);
    ledger.post(changes.slice(0, 1));
    expect(Object.keys(sumsOf(ledger.entries))).toEqual([
      'EUR payable:unassigned',
      'EUR receivable:unassigned',
    ]);
    ledger.post(changes.slice(1));
    expect(sumsOf(ledger.entries)).toEqual({
      'EUR payable:shop': -1_000n,
      'EUR receivable:stripe-main': 1_000n,
    });
  });

  it('leaves nothing of a version at or below the posted one', () => {
    const changes = changesOf('o1', sold({ order: 'o1', minor: 1_000 }));
    const books = new Map([[idOf('o1'), { ...NEW_BOOK, version: changes.length }]]);
    const { appends, effects } = post(books, changes, NOW);
    expect(appends).toEqual([]);
    expect(effects).toEqual({ payments: [], heard: [] });
  });

  it('hears of settlement facts that came back', () => {
    const changes = changesOf('o1', sold({ order: 'o1', minor: 1_000 })).map((change) => ({
      ...change,
      fact: { ...change.fact, source: 'settlement' as const },
    }));
    expect(post(new Map(), changes.slice(0, 1), NOW).effects.heard).toEqual([changes[0]?.fact.id]);
  });
});

describe('what a report should hold of a payment', () => {
  function expectations(...facts: Parameters<typeof changesOf>[1][]) {
    const ledger = new MemoryLedger();
    ledger.post(changesOf('o1', facts.flat()));
    return ledger.books.get(idOf('o1'))?.expectations ?? [];
  }

  it('knows a capture by its charge, its container and its payment', () => {
    const [capture] = expectations(sold({ order: 'o1', minor: 1_000 }));
    expect(capture).toMatchObject({
      operation: captureIdOf('o1'),
      kind: 'capture',
      standing: 'due',
      amount: money(1_000),
      gatewayObject: chargeOf('o1'),
    });
    expect(capture?.names).toEqual(
      expect.arrayContaining(['ch_o1', 'ch_o1/capture', 'pi_o1', captureIdOf('o1'), idOf('o1')]),
    );
    expect(capture?.ids).not.toContain('pi_o1');
  });

  it.each([
    [['pending'], [['refund', 'possible']]],
    [['succeeded'], [['refund', 'due']]],
    [['refused'], [['refund', 'not_happened']]],
    [
      ['succeeded', 'reversed'],
      [
        ['refund', 'possible'],
        ['refund_reversal', 'possible'],
      ],
    ],
  ] as const)('expects of a refund that is %j: %j', (outcomes, expected) => {
    const all = expectations(
      sold({ order: 'o1', minor: 1_000 }),
      refunded({ order: 'o1' }, 1, 300, ...outcomes),
    );
    const refunds = all.filter(({ kind }) => kind !== 'capture');
    expect(refunds.map(({ kind, standing }) => [kind, standing])).toEqual(expected);
  });

  it('dates an operation by the first fact that says it happened, not by the asking', () => {
    const asked = '2026-03-01T10:00:00.000Z';
    const done = '2026-03-01T11:00:00.000Z';
    const told = '2026-03-01T12:00:00.000Z';
    const [refund] = expectations(
      refunded({ order: 'o1', at: asked }, 1, 300),
      refunded({ order: 'o1', at: told }, 1, 300, 'succeeded').slice(2),
      [factOf('o1', done)('refund', 're_o1_1', 'succeeded', money(300, 'EUR'))].map((fact) => ({
        ...fact,
        id: `${fact.id}2`,
      })),
    );
    expect(refund?.occurredAt).toBe(done);
  });

  it('keeps what it knows of an operation when it gets its name later', () => {
    const early = '2026-03-01T10:00:00.000Z';
    const late = '2026-03-01T12:00:00.000Z';
    const all = expectations(
      [factOf('o1', early)('capture', 'ch_o1/capture', 'succeeded', money(1_000))],
      [aliasOf('o1', 'ch_o1/capture', captureIdOf('o1'), late)],
    );
    expect(all).toMatchObject([{ operation: captureIdOf('o1'), occurredAt: early }]);
  });

  it('knows captures that only a running total tells of, under no name of their own', () => {
    const [capture] = expectations([
      {
        type: 'total',
        id: 'fct1',
        at: '2026-03-01T10:00:00.000Z',
        source: 'webhook',
        object: 'ch_o1',
        value: money(500),
      },
    ]);
    expect(capture).toMatchObject({ kind: 'capture', standing: 'due', gatewayObject: 'ch_o1' });
    expect(capture?.ids).toEqual(['ch_o1']);
  });
});
