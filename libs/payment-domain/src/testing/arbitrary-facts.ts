import fc from 'fast-check';
import {
  DISPUTE_OUTCOMES,
  DISPUTE_STAGES,
  OUTCOMES,
  type Fact,
  type Kind,
  type Source,
} from '../fact.js';
import type { Money } from '../money.js';
import type { RefundRule, ShareSize, Splits } from '../splits.js';
import {
  adoption,
  alias,
  authorization,
  capture,
  dispute,
  disputeFee,
  eur,
  origin,
  refund,
  reinstatement,
  retraction,
  session,
  total,
  voiding,
  withdrawal,
} from './facts.js';

/** Ids that facts in these properties are about: ours, the gateway's, and the kind each is usually told of. */
const IDS: readonly (readonly [string, Kind])[] = [
  ['aut1', 'authorization'],
  ['aut2', 'authorization'],
  ['ch_1', 'authorization'],
  ['ch_2', 'authorization'],
  ['cap1', 'capture'],
  ['cap2', 'capture'],
  ['ch_1/capture', 'capture'],
  ['voi1', 'void'],
  ['ch_1/void', 'void'],
  ['ref1', 'refund'],
  ['re_1', 'refund'],
  ['pay1', 'session'],
  ['pi_1', 'session'],
  ['hol1', 'hold'],
  ['dp_1/out', 'dispute_withdrawal'],
  ['dp_1/back', 'dispute_reinstatement'],
  ['dp_1/fee', 'dispute_fee'],
  ['par1', 'participant_payout'],
  ['par2', 'participant_payout'],
  ['prv1', 'participant_payout_reversal'],
];
const SOURCES: readonly Source[] = [
  'request',
  'response',
  'webhook',
  'poll',
  'settlement',
  'clock',
];

const anId = fc.constantFrom(...IDS.map(([id]) => id), 'dp_1');
const aFactId = fc.integer({ min: 0, max: 60 }).map((n) => `f${String(n).padStart(2, '0')}`);
const anAmount: fc.Arbitrary<Money> = fc.record({
  minor: fc.constantFrom(0n, 30n, 50n, 60n, 100n, 100n, 100n, 250n, -40n),
  currency: fc.oneof(
    { weight: 12, arbitrary: fc.constant('EUR') },
    { weight: 1, arbitrary: fc.constant('USD') },
  ),
});
/** One in so many. */
const rarely = <T>(oneIn: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const anOperationFact: fc.Arbitrary<Fact> = fc
  .record({
    id: aFactId,
    about: fc.constantFrom(...IDS),
    otherKind: rarely(30, fc.constantFrom<Kind>('capture', 'refund', 'session')),
    outcome: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...OUTCOMES) },
      { weight: 1, arbitrary: fc.constant('succeeded' as const) },
    ),
    source: fc.constantFrom(...SOURCES),
    amount: anAmount,
    asked: rarely(4, anAmount),
    call: rarely(2, fc.integer({ min: 1, max: 2 })),
    reason: rarely(3, fc.constantFrom('do_not_honor', 'abandoned')),
    parent: rarely(3, anId),
  })
  .map(
    ({
      id,
      about: [operation, usual],
      otherKind,
      outcome,
      source,
      amount,
      asked,
      call,
      reason,
      parent,
    }) => ({
      type: 'operation',
      id,
      at: '2026-01-01T00:00:00Z',
      source,
      operation,
      kind: otherKind ?? usual,
      outcome,
      amount,
      ...(asked && { asked }),
      ...(call !== undefined && { call }),
      ...(reason !== undefined && { reason }),
      ...(parent !== undefined && { parent }),
      ...(operation.startsWith('dp_1/') && { parent: 'dp_1' }),
      ...(operation === 'par1' && { participant: 'seller-a' }),
      ...(operation === 'prv1' && { participant: 'seller-a', parent: 'par1' }),
    }),
  );

const aDispute: fc.Arbitrary<Fact> = fc
  .record({
    id: aFactId,
    dispute: fc.constantFrom('dp_1', 'dp_2'),
    stage: fc.constantFrom(...DISPUTE_STAGES),
    outcome: fc.constantFrom(...DISPUTE_OUTCOMES),
    amount: rarely(2, anAmount),
    reason: rarely(2, fc.constantFrom('fraudulent', 'product_not_received')),
    respondBy: rarely(2, fc.constantFrom('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')),
    parent: rarely(2, anId),
  })
  .map(({ id, dispute, stage, outcome, amount, reason, respondBy, parent }) => ({
    type: 'dispute',
    id,
    at: '2026-01-01T00:00:00Z',
    source: 'webhook',
    dispute,
    stage,
    outcome,
    ...(amount && { amount }),
    ...(reason !== undefined && { reason }),
    ...(respondBy !== undefined && { respondBy }),
    ...(parent !== undefined && { parent }),
  }));

const anAlias: fc.Arbitrary<Fact> = fc.oneof(
  fc.constantFrom(
    alias('ch_1', 'aut1'),
    alias('ch_2', 'aut2'),
    alias('ch_1/capture', 'cap1'),
    alias('re_1', 'ref1'),
    alias('pi_1', 'pay1'),
    alias('ch_1/void', 'voi1'),
  ),
  // Chains, loops and second targets.
  fc.record({ id: aFactId, a: anId, b: anId }).map(({ id, a, b }) => ({ ...alias(a, b), id })),
);

const aShare: fc.Arbitrary<ShareSize> = fc.oneof(
  fc.record({ minor: fc.constantFrom(1n, 30n, 33n, 100n) }),
  fc.record({ basisPoints: fc.constantFrom(1, 333, 2_500, 3_333, 10_000) }),
);

/** Also such as exceed the amount, or name a participant twice. */
const anySplits: fc.Arbitrary<Splits> = fc.record(
  {
    participants: fc.array(
      fc
        .tuple(fc.constantFrom('seller-a', 'seller-b', 'courier'), aShare)
        .map(([participant, size]) => ({ participant, ...size })),
      { minLength: 1, maxLength: 3 },
    ),
    platformFee: aShare,
    refunds: fc.constantFrom<RefundRule[]>(
      { rule: 'proportional' },
      { rule: 'platform_first' },
      { rule: 'participant_first', participant: 'seller-b' },
    ),
  },
  { requiredKeys: ['participants', 'refunds'] },
);

const someTerms: fc.Arbitrary<Fact> = fc
  .record({
    id: aFactId,
    amount: anAmount,
    attempt: fc.constantFrom(1, 1, 1, 2),
    splits: rarely(3, anySplits),
  })
  .map(({ id, amount, attempt, splits }) => ({
    type: 'terms',
    id,
    at: '2026-01-01T00:00:00Z',
    source: 'request',
    mode: 'test',
    storefront: 'shop',
    orderId: 'o',
    attempt,
    amount,
    captureMode: 'automatic',
    account: 'stripe-main',
    gateway: 'stripe',
    ...(splits && { splits }),
  }));

const aTotal: fc.Arbitrary<Fact> = fc
  .record({ id: aFactId, object: anId, value: anAmount })
  .map(({ id, object, value }) => ({ ...total(object, value), id }));

const aRetraction: fc.Arbitrary<Fact> = fc
  .record({ id: aFactId, retracts: aFactId })
  .map(({ id, retracts }) => ({ ...retraction({ id: retracts }), id }));

const aFoundPayment: fc.Arbitrary<Fact> = fc.oneof(
  fc
    .record({ id: aFactId, object: fc.constantFrom('pi_1', 'pi_2') })
    .map(({ id, object }) => origin(object, { id })),
  fc
    .record({ id: aFactId, into: fc.constantFrom('pay1', 'pay2') })
    .map(({ id, into }) => adoption('pay2', into, { id })),
);

/** Anything at all: contradictions, loops of aliases, id clashes, negative amounts, other currencies. */
export const anyFacts: fc.Arbitrary<readonly Fact[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: anOperationFact },
    { weight: 3, arbitrary: anAlias },
    { weight: 2, arbitrary: aDispute },
    { weight: 1, arbitrary: aTotal },
    { weight: 1, arbitrary: aRetraction },
    { weight: 1, arbitrary: someTerms },
    { weight: 1, arbitrary: aFoundPayment },
  ),
  { maxLength: 24, size: 'max' },
);

/** The facts, and the same in another order, each at least once and some again. */
export const factsTwoWays: fc.Arbitrary<{
  readonly facts: readonly Fact[];
  readonly shuffled: readonly Fact[];
}> = anyFacts.chain((facts) =>
  fc
    .tuple(
      fc.shuffledSubarray([...facts], { minLength: facts.length }),
      fc.shuffledSubarray([...facts]),
      fc.array(fc.nat(), { maxLength: facts.length }),
    )
    .map(([all, again, places]) => {
      const shuffled = [...all];
      again.forEach((fact, i) =>
        shuffled.splice((places[i] ?? 0) % (shuffled.length + 1), 0, fact),
      );
      return { facts, shuffled };
    }),
);

/** What really happened at a gateway, and everything that is told of it. */
export interface Story {
  readonly facts: readonly Fact[];
  readonly authorized: bigint;
  readonly captured: bigint;
  readonly refunded: bigint;
  readonly voided: bigint;
  readonly disputed: bigint;
  readonly chargedBack: bigint;
  readonly disputeFees: bigint;
}

interface Case {
  readonly minor: number;
  readonly ending: 'open' | 'lost' | 'won' | 'second lost';
}

interface Plot {
  readonly parts: readonly {
    readonly minor: number;
    readonly reversed: boolean;
    readonly ours: boolean;
  }[];
  readonly refunds: readonly {
    readonly minor: number;
    readonly failed: boolean;
    readonly ours: boolean;
  }[];
  readonly ending: 'open' | 'voided' | 'paid' | 'canceled';
  readonly cases: readonly Case[];
}

/**
 * A true story of one payment in which everything is told twice: by our own calls under our ids, with aliases, and by
 * webhooks under the gateway's ids, with running totals on charge and container alike.
 */
export const aStory: fc.Arbitrary<Story> = fc
  .record<Plot>({
    parts: fc.array(
      fc.record({
        minor: fc.integer({ min: 1, max: 100 }),
        reversed: fc.boolean(),
        ours: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    refunds: fc.array(
      fc.record({
        minor: fc.integer({ min: 1, max: 50 }),
        failed: fc.boolean(),
        ours: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    ending: fc.constantFrom('open', 'voided', 'paid', 'canceled'),
    cases: fc.array(
      fc.record({
        minor: fc.integer({ min: 1, max: 100 }),
        ending: fc.constantFrom<Case['ending'][]>('open', 'lost', 'won', 'second lost'),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ parts, refunds, ending, cases }) => {
    const authorized = 300;
    const gross = parts.reduce((sum, { minor }) => sum + minor, 0);
    const reversed = parts.reduce((sum, part) => sum + (part.reversed ? part.minor : 0), 0);
    const refunded = refunds.reduce((sum, { minor, failed }) => sum + (failed ? 0 : minor), 0);
    const paid = ending === 'paid' && gross > reversed;
    const released = ending === 'voided' || ending === 'canceled' || paid;
    const facts = [
      authorization('aut1', 'requested', authorized),
      alias('pi_1', 'pay1'),
      alias('ch_1', 'aut1'),
      authorization('aut1', 'succeeded', authorized, { source: 'response', call: 1 }),
      authorization('ch_1', 'succeeded', authorized),
      ...parts.flatMap((part, i) => captureTwice(`c${i}`, part)),
      total('ch_1', gross),
      total('pi_1', gross),
      ...refunds.flatMap((one, i) => refundTwice(`r${i}`, one)),
      ...cases.flatMap((one, i) => caseOf(`dp_${i}`, one)),
      ...(ending === 'voided'
        ? [
            voiding('voi1', 'requested'),
            voiding('voi1', 'succeeded'),
            alias('ch_1/void', 'voi1'),
            voiding('ch_1/void', 'succeeded'),
          ]
        : []),
      ...(ending === 'canceled' ? [session('pi_1', 'canceled'), session('pay1', 'pending')] : []),
      ...(ending === 'paid' ? [session('pi_1', 'succeeded'), session('pi_1', 'pending')] : []),
    ];
    return {
      facts,
      authorized: BigInt(authorized),
      captured: BigInt(gross - reversed),
      refunded: BigInt(refunded),
      voided: released ? BigInt(authorized - (gross - reversed)) : 0n,
      disputed: sumOf(cases, ['open']),
      chargedBack: sumOf(cases, ['lost', 'second lost']),
      disputeFees: BigInt(cases.length * 15),
    };
  });

const sumOf = (cases: readonly Case[], endings: readonly Case['ending'][]): bigint =>
  cases.reduce(
    (sum, { minor, ending }) => sum + (endings.includes(ending) ? BigInt(minor) : 0n),
    0n,
  );

/** A case from its opening on, each stage told once and its money twice. */
function caseOf(name: string, { minor, ending }: Case): Fact[] {
  const parent = name;
  const again = { parent, source: 'settlement' } as const;
  const back = [
    dispute(name, 'chargeback', 'won', minor),
    reinstatement(`${name}/back`, 'succeeded', minor, { parent }),
  ];
  return [
    dispute(name, 'inquiry', 'opened', minor),
    dispute(name, 'chargeback', 'opened', minor, { parent: 'ch_1' }),
    withdrawal(`${name}/out`, 'succeeded', minor, { parent }),
    withdrawal(`${name}/out`, 'succeeded', minor, again),
    disputeFee(`${name}/fee`, 'succeeded', 15, { parent }),
    ...(ending === 'lost' ? [dispute(name, 'chargeback', 'lost', minor)] : []),
    ...(ending === 'won' || ending === 'second lost' ? back : []),
    ...(ending === 'second lost'
      ? [
          dispute(name, 'second_chargeback', 'opened', minor),
          withdrawal(`${name}/out 2`, 'succeeded', minor, { parent }),
          dispute(name, 'second_chargeback', 'lost', minor),
        ]
      : []),
  ];
}

/** A capture of ours is told under both ids; a foreign one under the gateway's only. */
function captureTwice(name: string, { minor, reversed, ours }: Plot['parts'][number]): Fact[] {
  const gatewayId = `ch_1/${name}`;
  return [
    capture(gatewayId, 'succeeded', minor, { parent: 'ch_1' }),
    ...(reversed ? [capture(gatewayId, 'reversed', minor)] : []),
    ...(ours
      ? [
          capture(name, 'requested', minor, { parent: 'aut1' }),
          capture(name, 'unknown', eur(minor), { source: 'response', call: 1 }),
          alias(gatewayId, name),
          capture(name, 'succeeded', minor, { source: 'poll', call: 1 }),
        ]
      : []),
  ];
}

function refundTwice(name: string, { minor, failed, ours }: Plot['refunds'][number]): Fact[] {
  const gatewayId = `re_${name}`;
  return [
    refund(gatewayId, 'pending', minor),
    refund(gatewayId, 'succeeded', minor),
    ...(failed ? [refund(gatewayId, 'reversed', minor)] : []),
    ...(ours
      ? [
          refund(name, 'requested', minor),
          alias(gatewayId, name),
          refund(name, 'pending', minor, { source: 'response', call: 1 }),
        ]
      : []),
  ];
}
