import { type DisputeFact, type Fact, fold, type Payment } from '@paylog/payment-domain';
import fc from 'fast-check';
import { captured, operation, paymentOf, terms } from '../testing/payments.js';
import { type DecisionType, type Goods, nextDecision, WHOLE } from './decide.js';

const payment = paymentOf('order-1');
const fact = (...args: Parameters<typeof operation> extends [string, ...infer R] ? R : never) =>
  operation(payment, ...args);
const dispute = (stage: DisputeFact['stage'], outcome: DisputeFact['outcome']): Fact => ({
  type: 'dispute',
  id: `dispute ${stage} ${outcome}`,
  at: '2026-03-09T12:00:00.000Z',
  source: 'webhook',
  dispute: 'dp_1',
  stage,
  outcome,
  amount: { minor: 1000n, currency: 'EUR' },
});
const withdrawn = { ...fact('dispute_withdrawal', 'succeeded'), parent: 'dp_1' } as Fact;
const review = { ...fact('hold', 'requested', 0, 'prv_1'), reason: 'review' } as Fact;
const paid = fold(captured('order-1'));
interface Given extends Partial<Omit<Goods, 'decided'>> {
  readonly decided?: DecisionType;
}

const goods = (more: Given): Goods => ({
  payment: paid,
  cancelled: false,
  parked: false,
  ...more,
  decided: new Map(more.decided === undefined ? [] : [[WHOLE, more.decided]]),
});

const unpaid = fold([terms('order-1'), fact('authorization', 'succeeded')]);
const partly = fold([...captured('order-1').slice(0, 2), fact('capture', 'succeeded', 999)]);
const held = fold([...captured('order-1'), fact('hold', 'requested')]);
const contradicted = fold([...captured('order-1'), fact('capture', 'refused')]);
const refunded = fold([...captured('order-1'), fact('refund', 'succeeded')]);
const partlyRefunded = fold([...captured('order-1'), fact('refund', 'succeeded', 400)]);
const reversed = fold([...captured('order-1'), fact('capture', 'reversed')]);
const voided = fold([...captured('order-1').slice(0, 2), fact('void', 'succeeded')]);
const closed = fact('session', 'canceled');
const failed = fold([terms('order-1'), fact('authorization', 'refused'), closed]);
const retrying = fold([terms('order-1'), fact('authorization', 'refused')]);
const abandoned = fold([terms('order-1'), closed]);
const reviewed = fold([...captured('order-1'), review]);
const reviewedAndHeld = fold([...captured('order-1'), review, fact('hold', 'requested')]);
const inquired = fold([...captured('order-1'), dispute('inquiry', 'opened')]);
const disputed = fold([...captured('order-1'), dispute('chargeback', 'opened'), withdrawn]);
const lost = fold([...captured('order-1'), dispute('chargeback', 'lost'), withdrawn]);
const won = fold([
  ...captured('order-1'),
  dispute('chargeback', 'won'),
  withdrawn,
  { ...fact('dispute_reinstatement', 'succeeded'), parent: 'dp_1' } as Fact,
]);
const termless = fold(captured('order-1').slice(1));

describe('what is to be done about goods', () => {
  it.each<[string, Given, string | undefined]>([
    ['paid in full', {}, 'FulfillmentReleased payment_captured'],
    ['authorized only', { payment: unpaid }, undefined],
    ['paid in part', { payment: partly }, undefined],
    ['of an order nobody told us the terms of', { payment: termless }, undefined],
    ['paid, and given back in part before', { payment: partlyRefunded }, undefined],
    ['paid, but held', { payment: held }, 'FulfillmentHeld held'],
    ['paid, but doubtful', { payment: contradicted }, undefined],
    ['paid, with a message parked here', { parked: true }, 'FulfillmentHeld message_parked'],
    ['held, and still doubtful', { payment: held, decided: 'FulfillmentHeld' }, undefined],
    ['held, and clear now', { decided: 'FulfillmentHeld' }, 'FulfillmentReleased payment_captured'],
    ['cancelled before', { cancelled: true }, 'FulfillmentCancelled order_cancelled'],
    [
      'cancelled while held',
      { cancelled: true, decided: 'FulfillmentHeld' },
      'FulfillmentCancelled order_cancelled',
    ],
    ['voided', { payment: voided }, 'FulfillmentCancelled payment_voided'],
    ['released', { decided: 'FulfillmentReleased' }, undefined],
    ['released, then held', { payment: held, decided: 'FulfillmentReleased' }, undefined],
    [
      'released, then cancelled',
      { cancelled: true, decided: 'FulfillmentReleased' },
      'FulfillmentRecalled order_cancelled',
    ],
    [
      'released, then refunded',
      { payment: refunded, decided: 'FulfillmentReleased' },
      'FulfillmentRecalled payment_refunded',
    ],
    [
      'released, then refunded in part',
      { payment: partlyRefunded, decided: 'FulfillmentReleased' },
      undefined,
    ],
    [
      'released, then reversed',
      { payment: reversed, decided: 'FulfillmentReleased' },
      'FulfillmentRecalled capture_reversed',
    ],
    ['refused for good', { payment: failed }, 'FulfillmentCancelled payment_failed'],
    ['refused, and perhaps tried again', { payment: retrying }, undefined],
    ['never paid', { payment: abandoned }, 'FulfillmentCancelled payment_canceled'],
    ['in review', { payment: reviewed }, 'FulfillmentHeld review'],
    ['in review, and otherwise held', { payment: reviewedAndHeld }, 'FulfillmentHeld held'],
    ['asked about by the issuer', { payment: inquired }, 'FulfillmentHeld disputed'],
    ['disputed before release', { payment: disputed }, 'FulfillmentHeld disputed'],
    ['lost before release', { payment: lost }, 'FulfillmentHeld charged_back'],
    [
      'disputed and won before release',
      { payment: won, decided: 'FulfillmentHeld' },
      'FulfillmentReleased payment_captured',
    ],
    ['released, then disputed', { payment: disputed, decided: 'FulfillmentReleased' }, undefined],
    [
      'released, then lost to a dispute',
      { payment: lost, decided: 'FulfillmentReleased' },
      'FulfillmentRecalled charged_back',
    ],
    ['recalled', { cancelled: true, decided: 'FulfillmentRecalled' }, undefined],
    ['cancelled for good', { decided: 'FulfillmentCancelled' }, undefined],
  ])('%s', (_, more, expected) => {
    const decision = nextDecision(goods(more));
    expect(decision && `${decision.type} ${decision.reason}`).toBe(expected);
  });

  it('holds for each doubt about the money', () => {
    const captures = [...captured('order-1'), fact('capture', 'refused', 1000, '2')];
    const both = fold([...captures, fact('capture', 'succeeded', 1000, '2')]);
    expect(both.anomalies.map(({ kind }) => kind)).toContain('contradicted');
    expect(nextDecision(goods({ payment: both }))?.reason).toBe('contradicted');
  });

  it('ends after few decisions whatever comes, and never lets goods go without the money', () => {
    const facts = [
      ...captured('order-1'),
      fact('capture', 'reversed'),
      fact('refund', 'succeeded'),
      fact('refund', 'succeeded', 400, '2'),
      fact('void', 'succeeded'),
      fact('hold', 'requested'),
      fact('hold', 'canceled'),
      fact('capture', 'refused'),
    ];
    const knowledge = fc.record({
      payment: fc.subarray(facts).map((some): Payment => fold(some)),
      cancelled: fc.boolean(),
      parked: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(knowledge, { maxLength: 12 }), (news) => {
        const decisions: DecisionType[] = [];
        for (const each of news) {
          for (;;) {
            const last = decisions.at(-1);
            const decided = new Map(last === undefined ? [] : [[WHOLE, last] as const]);
            const decision = nextDecision({ ...each, decided });
            if (!decision) break;
            if (decision.type === 'FulfillmentReleased') {
              const { captured: taken, refunded: back } = each.payment.amounts;
              expect(taken - back).toBeGreaterThanOrEqual(1000n);
              expect(each.payment.held || each.cancelled || each.parked).toBe(false);
            }
            decisions.push(decision.type);
          }
        }
        expect(decisions.join(' ')).toMatch(
          /^(FulfillmentHeld ?)?(FulfillmentCancelled|FulfillmentReleased( FulfillmentRecalled)?)?$/,
        );
      }),
    );
  });
});

describe('what is to be done about the parts of an order', () => {
  const inParts = { ...terms('order-1'), shipping: 'parts' } as Fact;
  const won = fact('authorization', 'succeeded');
  const first = fact('capture', 'succeeded', 400, 'first');
  const second = fact('capture', 'succeeded', 600, 'second');
  const idOf = (capture: Fact) => (capture.type === 'operation' ? capture.operation : '');
  const decide = (
    facts: readonly Fact[],
    decided: readonly (readonly [Fact, DecisionType])[] = [],
    more: Given = {},
  ) => {
    const payment = fold([inParts, won, ...facts]);
    const parts = decided.map(([capture, type]) => [idOf(capture), type] as const);
    const decision = nextDecision({ ...goods({ ...more, payment }), decided: new Map(parts) });
    return decision && [decision.part, `${decision.type} ${decision.reason}`];
  };
  const released = 'FulfillmentReleased';

  it('is to let go of each when it is captured, once', () => {
    expect(decide([first])).toEqual([idOf(first), 'FulfillmentReleased part_captured']);
    expect(decide([first], [[first, released]])).toBeUndefined();
    const next = decide([first, second], [[first, released]]);
    expect(next).toEqual([idOf(second), 'FulfillmentReleased part_captured']);
  });

  it('is to call back the one whose capture failed after all, and no other', () => {
    const failed = fact('capture', 'reversed', 400, 'first');
    const both = [
      [first, released],
      [second, released],
    ] as const;
    expect(decide([first, second, failed], both)).toEqual([
      idOf(first),
      'FulfillmentRecalled capture_reversed',
    ]);
    const rest = [[first, 'FulfillmentRecalled'], both[1]] as const;
    expect(decide([first, second, failed], rest)).toBeUndefined();
  });

  it('is to hold them all in doubt, and to cancel what has not gone when the order is cancelled', () => {
    expect(decide([first, fact('hold', 'requested')])?.at(1)).toBe('FulfillmentHeld held');
    const cancelled = { cancelled: true };
    const ended = (before: DecisionType) => [[first, before]] as const;
    expect(decide([first], ended(released), cancelled)?.at(1)).toBe(
      'FulfillmentRecalled order_cancelled',
    );
    expect(decide([first, second], ended('FulfillmentRecalled'), cancelled)).toEqual([
      idOf(second),
      'FulfillmentCancelled order_cancelled',
    ]);
  });

  it('is to cancel the order as a whole where nothing was ever captured', () => {
    expect(decide([], [], { cancelled: true })).toEqual([
      WHOLE,
      'FulfillmentCancelled order_cancelled',
    ]);
  });
});
