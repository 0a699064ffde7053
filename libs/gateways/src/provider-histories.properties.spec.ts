import fc from 'fast-check';
import { fold, type AnomalyKind, type Fact, type Payment } from '@paylog/payment-domain';
import { webhooksOf } from './providers.js';
import { verified } from './signed.js';
import {
  adyenHistory,
  gocardlessHistory,
  paypalHistory,
  Tape,
  type Raw,
  type Truth,
} from './testing/provider-models.js';
import { stripeHistory } from './testing/stripe-model.js';
import { AT, CONTEXT, PAYMENT_ID } from './testing/said.js';

/** Histories of each provider's own model, in any order, repeated, and with what others say in between. */

const RUNS = { numRuns: 300 };
const tapes = fc
  .array(fc.nat(1_000_000), { minLength: 1, maxLength: 40 })
  .map((all) => new Tape(all));
/** How the deliveries come: a place for each event, and whether it comes again. */
const places = fc.array(fc.nat(1_000_000), { minLength: 100, maxLength: 100 });

type Gateway = 'stripe' | 'adyen' | 'paypal' | 'gocardless';

/** A body of these events, as many in one as the provider puts there. */
const bodyOf: Readonly<Record<Gateway, (events: readonly Raw[]) => Raw>> = {
  stripe: ([event = {}]) => event,
  paypal: ([event = {}]) => event,
  adyen: (items) => ({
    live: 'false',
    notificationItems: items.map((item) => ({ NotificationRequestItem: item })),
  }),
  gocardless: (events) => ({ events }),
};

function factsOf(gateway: Gateway, deliveries: readonly (readonly Raw[])[]): readonly Fact[] {
  // Whatever the events don't say themselves is known by now.
  const context = { ...CONTEXT, paymentOf: () => PAYMENT_ID };
  return deliveries.flatMap((events) => {
    const body = verified(Buffer.from(JSON.stringify(bodyOf[gateway](events))));
    return webhooksOf(gateway)
      .read(body, context)
      .flatMap((item) => {
        if (item.kind === 'ignored') return [];
        if (item.kind !== 'facts') throw new Error(`${item.kind}: ${JSON.stringify(item)}`);
        expect(item.unconfirmed ?? false).toBe(gateway === 'paypal');
        return item.facts;
      });
  });
}

const each = (events: readonly Raw[]): readonly (readonly Raw[])[] =>
  events.map((event) => [event]);

function shuffled<T>(all: readonly T[], order: readonly number[]): readonly T[] {
  const repeated = all.flatMap((one, i) => ((order[i] ?? 0) % 3 === 0 ? [one, one] : [one]));
  return repeated
    .map((one, i) => ({ one, at: order[(i * 7 + 3) % order.length] ?? i }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** Some providers put several events into one delivery: as many as chance wants. */
function grouped(gateway: Gateway, events: readonly Raw[], order: readonly number[]) {
  if (gateway === 'stripe' || gateway === 'paypal') return each(events);
  const groups: Raw[][] = [];
  events.forEach((event, i) => {
    const last = groups.at(-1);
    if (last && (order[i] ?? 0) % 2 === 0) last.push(event);
    else groups.push([event]);
  });
  return groups;
}

/** Terms that come late, and something wrong that was said and taken back. */
const TERMS: Fact = {
  type: 'terms',
  id: 'terms',
  at: AT,
  source: 'request',
  mode: 'test',
  storefront: 'shop',
  orderId: 'order-1',
  attempt: 1,
  amount: { minor: 10_000n, currency: 'EUR' },
  captureMode: 'manual',
  account: 'main',
  gateway: 'any',
};
const MISTAKE: readonly Fact[] = [
  {
    type: 'operation',
    id: 'wrong',
    at: AT,
    source: 'webhook',
    operation: 'mistaken',
    kind: 'capture',
    outcome: 'succeeded',
    amount: { minor: 777n, currency: 'EUR' },
  },
  {
    type: 'retraction',
    id: 'not so',
    at: AT,
    source: 'operator',
    retracts: 'wrong',
    reason: 'mapping',
  },
];

/** A capture of our own that turns out to be one of the gateway's, and a message that was parked and is not any more. */
function oursIn(gateway: Gateway): readonly Fact[] {
  const operation = `cap${'b'.repeat(26)}`;
  const theirs = { stripe: 'ch_1/capture', adyen: 'CAP0', paypal: 'CAP0', gocardless: 'PM1' }[
    gateway
  ];
  const told = { at: AT, type: 'operation' } as const;
  const hold = { ...told, source: 'clock', kind: 'hold', operation: 'parked' } as const;
  return [
    {
      ...told,
      id: 'asked',
      source: 'request',
      operation,
      kind: 'capture',
      outcome: 'requested',
      asked: { minor: 10_000n, currency: 'EUR' },
      call: 1,
    },
    { type: 'alias', id: 'alias', at: AT, source: 'response', alias: theirs, target: operation },
    { ...hold, id: 'held', outcome: 'requested', reason: 'parked' },
    { ...hold, id: 'released', outcome: 'canceled' },
  ];
}

const histories: readonly (readonly [
  Gateway,
  (tape: Tape) => { readonly events: readonly Raw[]; readonly truth: Truth },
])[] = [
  ['stripe', stripeHistory],
  ['adyen', (tape) => adyenHistory(tape)],
  ['paypal', paypalHistory],
  ['gocardless', gocardlessHistory],
];

describe.each(histories)('what %s sends', (gateway, history) => {
  it('ends in the same payment, in any order, however often, however many at once, whatever came in between', () => {
    fc.assert(
      fc.property(tapes, places, (tape, order) => {
        const { events } = history(tape);
        const ours = oursIn(gateway);
        const inOrder = fold([TERMS, ...ours, ...factsOf(gateway, each(events))]);
        const deliveries = grouped(gateway, shuffled(events, order), order);
        const facts = [...factsOf(gateway, deliveries), TERMS, ...ours, ...MISTAKE];
        expect(fold(shuffled(facts, order))).toEqual(inOrder);
      }),
      RUNS,
    );
  });

  it('says the same facts of an event whenever it comes', () => {
    fc.assert(
      fc.property(tapes, (tape) => {
        const { events } = history(tape);
        const facts = factsOf(gateway, each([...events, ...events]));
        const ids = new Map(facts.map((fact) => [fact.id, fact]));
        for (const fact of facts) expect(ids.get(fact.id)).toEqual(fact);
        expect(ids.size).toBe(new Set(factsOf(gateway, each(events)).map(({ id }) => id)).size);
      }),
      { numRuns: 100 },
    );
  });
});

/** A provider contradicts itself in none of its legal histories. */
const NEVER: readonly AnomalyKind[] = ['contradicted', 'kind_conflict', 'alias_with_two_targets'];

describe('the money of a payment is what the provider’s own books say', () => {
  const ended = (gateway: Gateway, events: readonly Raw[], order: readonly number[]): Payment =>
    fold([TERMS, ...factsOf(gateway, grouped(gateway, shuffled(events, order), order))]);

  it.each(histories.filter(([gateway]) => gateway !== 'gocardless'))(
    '%s: held, captured, refunded',
    (gateway, history) => {
      fc.assert(
        fc.property(tapes, places, (tape, order) => {
          const { events, truth } = history(tape);
          const { amounts, anomalies } = ended(gateway, events, order);
          expect(anomalies.filter(({ kind }) => NEVER.includes(kind))).toEqual([]);
          expect(amounts).toMatchObject({
            authorized: BigInt(truth.authorized),
            captured: BigInt(truth.captured),
            refunded: BigInt(truth.refunded),
          });
        }),
        RUNS,
      );
    },
  );

  it.each(histories.filter(([gateway]) => gateway === 'adyen' || gateway === 'stripe'))(
    '%s: taken by disputes',
    (gateway, history) => {
      fc.assert(
        fc.property(tapes, places, (tape, order) => {
          const { events, truth } = history(tape);
          const { amounts } = ended(gateway, events, order);
          const { withdrawn, lost } = truth;
          expect(amounts.chargedBack).toBe(BigInt(lost ? withdrawn : 0));
          expect(amounts.disputed).toBe(BigInt(lost ? 0 : withdrawn));
        }),
        RUNS,
      );
    },
  );

  it('gocardless: without amounts, the outcome of the debit and its chargeback', () => {
    fc.assert(
      fc.property(tapes, places, (tape, order) => {
        const { events, statuses } = gocardlessHistory(tape);
        const { operations, disputes } = ended('gocardless', events, order);
        const debit = operations.find(({ id, kind }) => id === 'PM1' && kind === 'capture')?.status;
        const expected: Readonly<Record<string, string | undefined>> = {
          submitted: 'pending',
          confirmed: 'succeeded',
          paid_out: 'succeeded',
          failed: 'reversed',
          cancelled: 'canceled',
        };
        const known = expected[String(statuses['debit'])];
        expect(debit).toBe(known ?? (events.length > 0 ? 'pending' : undefined));
        const [dispute] = disputes;
        const outcome = { none: undefined, taken: 'opened', cancelled: 'won' }[
          statuses['chargeback'] as 'none' | 'taken' | 'cancelled'
        ];
        expect(dispute?.outcome).toBe(outcome);
      }),
      RUNS,
    );
  });
});
