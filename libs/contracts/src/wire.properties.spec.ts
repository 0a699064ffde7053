import {
  DISPUTE_OUTCOMES,
  DISPUTE_STAGES,
  eventName,
  type Fact,
  fold,
  KINDS,
  type Money,
  OUTCOMES,
  REFUND_RULES,
  type Splits,
  transitions,
} from '@paylog/payment-domain';
import fc from 'fast-check';
import { decodeMessage, encode } from './codec.js';
import type { PaymentEventName } from './messages/payments-events.js';
import { canonicalJson } from './json.js';
import { paymentText } from './payment-text.js';
import { factsOfTexts, factTextIn, stateIn } from './stored-facts.js';
import { PAYMENTS_EVENTS } from './topic-names.js';
import { fromWireFact, toWireFact } from './wire-fact.js';
import {
  fromWirePayment,
  fromWireTransition,
  toWirePayment,
  toWireTransition,
} from './wire-payment.js';

const paymentId = 'payc5cd4mvalxcmsvgdr3aly23vv4';
const id = fc.constantFrom('cap1', 'aut1', 'ch_1', 'pi_1', 're_1', paymentId);
const money: fc.Arbitrary<Money> = fc.record({
  minor: fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }),
  currency: fc.constantFrom('EUR', 'USD'),
});
const head = {
  id: fc.integer({ min: 1, max: 40 }).map((n) => `fact${n}`),
  at: fc.constant('2026-03-02T09:14:07.123Z'),
  source: fc.constantFrom(
    'request',
    'response',
    'webhook',
    'poll',
    'settlement',
    'clock',
    'operator',
  ),
} as const;

const size = fc.oneof(
  fc.record({ minor: fc.bigInt({ min: 1n, max: 10n ** 15n - 1n }) }),
  fc.record({ basisPoints: fc.integer({ min: 1, max: 10_000 }) }),
);
const participant = fc.constantFrom('seller-a', 'Käufer "b"', 'c:1');
const splits: fc.Arbitrary<Splits> = fc.record(
  {
    participants: fc.array(
      fc.tuple(participant, size).map(([name, share]) => ({ participant: name, ...share })),
      { minLength: 1, maxLength: 3 },
    ),
    platformFee: size,
    refunds: fc.record(
      { rule: fc.constantFrom(...REFUND_RULES), participant },
      { requiredKeys: ['rule'] },
    ),
  },
  { requiredKeys: ['participants', 'refunds'] },
);

const terms = fc.record(
  {
    ...head,
    type: fc.constant('terms' as const),
    mode: fc.constantFrom('test' as const, 'live' as const),
    storefront: fc.constant('shop'),
    orderId: fc.constant('R-1001'),
    attempt: fc.integer({ min: 1, max: 9 }),
    amount: money
      .map((value) => ({ ...value, minor: value.minor + 1n }))
      .filter((value) => value.minor < 10n ** 15n),
    captureMode: fc.constantFrom('automatic' as const, 'manual' as const),
    account: fc.constant('stripe-main'),
    gateway: fc.constant('stripe'),
    splits,
    shipping: fc.constant('parts' as const),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      'id',
      'at',
      'source',
      'type',
      'mode',
      'storefront',
      'orderId',
      'attempt',
      'amount',
      'captureMode',
      'account',
      'gateway',
    ],
  },
);
const operation = fc.record(
  {
    ...head,
    type: fc.constant('operation' as const),
    operation: id,
    kind: fc.constantFrom(...KINDS),
    outcome: fc.constantFrom(...OUTCOMES),
    asked: money,
    amount: money,
    call: fc.integer({ min: 1, max: 3 }),
    reason: fc.constantFrom(
      'insufficient_funds',
      'said "no",\\\n',
      '},"paymentId":"',
      'nicht gedeckt: ü€😀',
    ),
    parent: id,
    participant,
  },
  { requiredKeys: ['id', 'at', 'source', 'type', 'operation', 'kind', 'outcome'] },
);
const dispute = fc.record(
  {
    ...head,
    type: fc.constant('dispute' as const),
    dispute: fc.constantFrom('dp_1', 'dp_2', 'cap1'),
    stage: fc.constantFrom(...DISPUTE_STAGES),
    outcome: fc.constantFrom(...DISPUTE_OUTCOMES),
    amount: money,
    reason: fc.constantFrom('fraudulent', '},"paymentId":"'),
    respondBy: fc.constant('2026-04-02T09:14:07Z'),
    parent: id,
  },
  { requiredKeys: ['id', 'at', 'source', 'type', 'dispute', 'stage', 'outcome'] },
);
const fact = fc.oneof(
  terms,
  dispute,
  operation,
  operation,
  operation,
  fc.record({ ...head, type: fc.constant('alias' as const), alias: id, target: id }),
  fc.record({ ...head, type: fc.constant('total' as const), object: id, value: money }),
  fc.record({
    ...head,
    type: fc.constant('retraction' as const),
    retracts: head.id,
    reason: fc.constant('mapping_corrected'),
  }),
  fc.record({
    ...head,
    type: fc.constant('origin' as const),
    mode: fc.constantFrom('test' as const, 'live' as const),
    account: fc.constant('stripe-main'),
    gateway: fc.constant('stripe'),
    object: fc.constantFrom('pi_1', '},"paymentId":"'),
  }),
  fc.record({
    ...head,
    type: fc.constant('adoption' as const),
    payment: fc.constant(paymentId),
    into: fc.constant(paymentId),
    storefront: fc.constant('shop'),
    orderId: fc.constantFrom('R-1001', 'Ä "1"'),
    operator: fc.constant('inés'),
    reason: fc.constantFrom('paid by a link', '},"paymentId":"'),
  }),
) as fc.Arbitrary<Fact>;

/** Folds only ever see facts of one content an id. */
const history = fc.uniqueArray(fact, {
  selector: ({ id: key }) => key,
  minLength: 1,
  maxLength: 12,
});

describe('the wire form of a payment’s events', () => {
  it('brings back every fact, state and transition, whatever the facts', () => {
    fc.assert(
      fc.property(history, (facts) => {
        const latest = facts.at(-1);
        if (!latest) return;
        const before = fold(facts.slice(0, -1));
        const after = fold(facts);
        const changed = transitions(before, after);
        const type = eventName(latest) as PaymentEventName;
        const value = encode(PAYMENTS_EVENTS, type, {
          paymentId,
          version: facts.length,
          fact: toWireFact(latest),
          state: toWirePayment(after),
          transitions: changed.map(toWireTransition),
        });
        const decoded = decodeMessage(PAYMENTS_EVENTS, type, value);
        if (!decoded.ok) throw new Error(`${decoded.path} ${decoded.error}`);
        expect(fromWireFact(decoded.data.fact)).toEqual(latest);
        expect(fromWirePayment(decoded.data.state)).toEqual(after);
        expect(decoded.data.transitions.map(fromWireTransition)).toEqual(changed);
        const text = factTextIn(value);
        expect(text).toBe(canonicalJson(toWireFact(latest)));
        expect(factsOfTexts([text ?? '', text ?? ''])).toEqual([latest, latest]);
        expect(paymentText(after)).toBe(canonicalJson(toWirePayment(after)));
        const { offset, bytes } = stateIn(value);
        expect(value.toString('utf8', offset, offset + bytes)).toBe(paymentText(after));
      }),
      { numRuns: 300 },
    );
  });
});
