import { fold, type Fact } from '@paylog/payment-domain';
import {
  AUTHORIZATION,
  charge,
  event,
  paymentIntent,
  PAYMENT,
  refund,
  REFUND,
  SESSION,
  type Fields,
} from '../testing/stripe-events.js';
import { signed, verified } from '../signed.js';
import { parseBody } from './signature.js';
import { toFacts } from './to-facts.js';

const context = { account: 'stripe-main', mode: 'test' } as const;

function factsOf(body: Fields): readonly Fact[] {
  const mapped = toFacts(signed(body), context);
  if (mapped.kind !== 'facts') throw new Error(`mapped to ${mapped.kind}`);
  return mapped.facts;
}

/** What facts say, without who said it when. */
function said(facts: readonly Fact[]): string[] {
  return facts.map(({ id: _id, at: _at, source: _source, ...rest }) =>
    JSON.stringify(rest, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
}

const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

/** What an authorization was won with is told by the first event of a charge only: an increment raises its amount. */
const butAmountWon = (facts: readonly Fact[]): Fact[] =>
  facts.map((fact) => {
    if (fact.type !== 'operation' || fact.kind !== 'authorization') return fact;
    const { amount: _amount, ...rest } = fact;
    return rest;
  });

describe('both twins say the same', () => {
  const manual = { capture_method: 'manual' };
  const cases: [string, Fields, Fields][] = [
    [
      'automatic capture',
      event('payment_intent.succeeded', paymentIntent()),
      event('charge.succeeded', charge()),
    ],
    [
      'authorization',
      event(
        'payment_intent.amount_capturable_updated',
        paymentIntent({
          ...manual,
          status: 'requires_capture',
          amount_received: 0,
          amount_capturable: 1000,
        }),
      ),
      event('charge.succeeded', charge({ captured: false, amount_captured: 0 })),
    ],
    [
      'partial capture that lets the rest go',
      event('payment_intent.succeeded', paymentIntent({ ...manual, amount_received: 300 })),
      event('charge.captured', charge({ amount_captured: 300 })),
    ],
    [
      'partial capture with more to come',
      event(
        'payment_intent.amount_capturable_updated',
        paymentIntent({
          ...manual,
          status: 'requires_capture',
          amount_received: 300,
          amount_capturable: 700,
        }),
      ),
      event('charge.captured', charge({ captured: false, amount_captured: 300 })),
    ],
  ];

  it.each(cases)('%s', (_name, intentEvent, chargeEvent) => {
    const [one, other] = [factsOf(intentEvent), factsOf(chargeEvent)];
    expect(said(butAmountWon(one)).sort()).toEqual(said(butAmountWon(other)).sort());
    expect(new Set([...one, ...other].map(({ id }) => id)).size).toBe(one.length + other.length);
  });

  it('refused try: the reason may be worded by the one or the other', () => {
    const failed = {
      status: 'requires_payment_method',
      amount_received: 0,
      last_payment_error: {
        code: 'card_declined',
        decline_code: 'insufficient_funds',
        charge: 'ch_1',
      },
    };
    const intentSays = said(factsOf(event('payment_intent.payment_failed', paymentIntent(failed))));
    const chargeSays = said(
      factsOf(
        event(
          'charge.failed',
          charge({
            status: 'failed',
            captured: false,
            amount_captured: 0,
            failure_code: 'card_declined',
            outcome: { reason: 'insufficient_funds', advice_code: null },
          }),
        ),
      ),
    );
    const session = JSON.stringify({
      type: 'operation',
      operation: SESSION,
      kind: 'session',
      outcome: 'pending',
      reason: 'insufficient_funds',
    });
    expect(intentSays.filter((each) => each !== session).sort()).toEqual(chargeSays.sort());
    expect(intentSays).toContain(session);
  });

  it('cancelation of what was held: the charge releases, the container closes', () => {
    const canceled = paymentIntent({
      ...manual,
      status: 'canceled',
      amount_received: 0,
      cancellation_reason: 'abandoned',
    });
    const intentSays = said(butAmountWon(factsOf(event('payment_intent.canceled', canceled))));
    const chargeSays = said(
      factsOf(
        event(
          'charge.refunded',
          charge({ captured: false, amount_captured: 0, refunded: true, amount_refunded: 1000 }),
        ),
      ),
    );
    expect(intentSays).toEqual(expect.arrayContaining(chargeSays));
    expect(intentSays).toHaveLength(chargeSays.length + 1);
  });
});

describe('toFacts', () => {
  it('names an automatic capture by its charge, never by an operation of ours', () => {
    expect(factsOf(event('payment_intent.succeeded', paymentIntent()))).toMatchObject([
      { type: 'alias', alias: 'pi_1', target: PAYMENT },
      { operation: SESSION, kind: 'session', outcome: 'succeeded' },
      { operation: 'ch_1', kind: 'authorization', outcome: 'succeeded', amount: eur(1000n) },
      {
        operation: 'ch_1/capture',
        kind: 'capture',
        outcome: 'succeeded',
        amount: eur(1000n),
        parent: 'ch_1',
      },
      { type: 'total', object: 'ch_1', value: eur(1000n) },
    ]);
  });

  it('tells a PaymentIntent without a charge as a session, never as money', () => {
    const open = { latest_charge: null, amount_received: 0 };
    const cases: [string, Fields, string][] = [
      ['payment_intent.created', { status: 'requires_confirmation' }, 'pending'],
      ['payment_intent.requires_action', { status: 'requires_action' }, 'pending'],
      ['payment_intent.processing', { status: 'processing' }, 'pending'],
      [
        'payment_intent.payment_failed',
        {
          status: 'requires_payment_method',
          last_payment_error: { code: 'payment_intent_authentication_failure' },
        },
        'pending',
      ],
      [
        'payment_intent.canceled',
        { status: 'canceled', cancellation_reason: 'abandoned' },
        'canceled',
      ],
      [
        'payment_intent.canceled',
        { status: 'canceled', cancellation_reason: 'automatic' },
        'expired',
      ],
    ];
    for (const [type, over, outcome] of cases) {
      const facts = factsOf(event(type, paymentIntent({ ...open, ...over })));
      expect(facts).toMatchObject([
        { type: 'alias' },
        { kind: 'session', operation: SESSION, outcome },
      ]);
    }
  });

  it('lets an authorization run out', () => {
    const facts = factsOf(event('charge.expired', charge({ captured: false, amount_captured: 0 })));
    expect(facts).toContainEqual(
      expect.objectContaining({ operation: 'ch_1', outcome: 'expired', amount: eur(1000n) }),
    );
  });

  it.each([
    ['refund.created', 'pending', 'pending'],
    ['refund.updated', 'succeeded', 'succeeded'],
    ['charge.refund.updated', 'requires_action', 'pending'],
    ['refund.failed', 'failed', 'reversed'],
    ['refund.updated', 'canceled', 'canceled'],
  ])('%s with status %s is %s, under our id', (type, status, outcome) => {
    expect(factsOf(event(type, refund({ status })))).toMatchObject([
      { type: 'alias', alias: 're_1', target: REFUND },
      { operation: REFUND, kind: 'refund', outcome, amount: eur(400n), parent: 'ch_1' },
    ]);
  });

  it('never reads refunds from the charge', () => {
    const facts = factsOf(event('charge.refunded', charge({ amount_refunded: 400 })));
    expect(facts.some((fact) => fact.type === 'operation' && fact.kind === 'refund')).toBe(false);
  });

  it('asks for the payment by gateway ids when the metadata does not say', () => {
    const foreign = event('refund.created', refund({ metadata: {} }));
    expect(toFacts(signed(foreign), context)).toMatchObject({
      kind: 'unresolved',
      references: ['pi_1', 'ch_1', 're_1'],
    });
    const resolved = toFacts(signed(foreign), { ...context, paymentId: PAYMENT });
    expect(resolved).toMatchObject({
      kind: 'facts',
      paymentId: PAYMENT,
      facts: [{ operation: 're_1', kind: 'refund', outcome: 'succeeded' }],
    });
  });

  it('takes only ids of ours from metadata', () => {
    const forged = { paylog_payment: 'pay1', paylog_operation_session: '__proto__' };
    const body = event('payment_intent.succeeded', paymentIntent({ metadata: forged }));
    expect(toFacts(signed(body), context)).toMatchObject({ kind: 'unresolved' });
    expect(toFacts(signed(body), { ...context, paymentId: PAYMENT })).toMatchObject({
      facts: expect.arrayContaining([
        expect.objectContaining({ operation: 'pi_1/session' }),
      ]) as unknown,
    });
  });

  it('gives the same facts for a repeat with other bytes', () => {
    const body = event('payment_intent.succeeded', paymentIntent());
    expect(factsOf({ ...body, pending_webhooks: 0 })).toEqual(factsOf(body));
  });

  it('ignores what it does not map, visibly', () => {
    expect(toFacts(signed(event('payout.paid', { id: 'po_1' })), context)).toMatchObject({
      kind: 'ignored',
      reason: 'event_type_not_mapped',
    });
    const release = refund({ reason: 'expired_uncaptured_charge' });
    expect(toFacts(signed(event('refund.created', release)), context)).toMatchObject({
      kind: 'ignored',
      reason: 'release_of_uncaptured_money',
    });
  });

  it.each([
    [{}, ''],
    [[], ''],
    ['text', ''],
    [event('charge.succeeded', charge(), { livemode: true }), '/livemode'],
    [event('charge.succeeded', charge({ amount: '1000' })), '/data/object/amount'],
    [event('charge.succeeded', charge({ amount: 10.5 })), '/data/object/amount'],
    [event('charge.succeeded', charge({ currency: 'xxx' })), '/data/object'],
    [event('charge.succeeded', charge({ status: 'levitating' })), '/data/object'],
    [event('payment_intent.succeeded', paymentIntent({ status: 'levitating' })), '/data/object'],
    [event('refund.created', refund({ status: null })), '/data/object'],
    [event('payment_intent.succeeded', charge()), '/data/object'],
  ])('case %#: says what it can not read, and where', (body, path) => {
    const mapped = toFacts(signed(body), context);
    expect(mapped.kind).toBe('unreadable');
    if (mapped.kind === 'unreadable') expect(mapped.path.startsWith(path)).toBe(true);
  });

  it('reads JSON in UTF-8 only, with or without a byte order mark', () => {
    expect(parseBody(verified(Buffer.from('\ufeff{"a":1}')))).toEqual({
      ok: true,
      value: { a: 1 },
    });
    expect(parseBody(verified(Buffer.from('{"a":'))).ok).toBe(false);
    expect(parseBody(verified(Buffer.from([0x22, 0xff, 0x22]))).ok).toBe(false);
  });

  it('folds to the state it tells, from either twin alone', () => {
    for (const body of [
      event('payment_intent.succeeded', paymentIntent()),
      event('charge.succeeded', charge()),
    ]) {
      const payment = fold(factsOf(body));
      expect(payment.amounts).toMatchObject({ authorized: 1000n, captured: 1000n });
      expect(payment).toMatchObject({ label: 'captured', final: true, anomalies: [] });
      expect(payment.operations.some(({ id }) => id === AUTHORIZATION)).toBe(false);
    }
  });
});
