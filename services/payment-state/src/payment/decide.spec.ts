import { decodeMessage, partitionOf, PAYMENTS_EVENTS } from '@paylog/contracts';
import { addAll, empty } from '@paylog/payment-domain';
import { captured, eur, operation, paymentOfOrder, terms } from '../testing/facts.js';
import { decide } from './decide.js';
import type { PaymentStream } from './payment-stream.js';

const payment = paymentOfOrder('order-1');
const report = (fact: ReturnType<typeof terms>) => ({ paymentId: payment, fact });
const nothing = new Map<string, PaymentStream>();

describe('deciding about facts', () => {
  it('leaves one event a new fact: same id, next version, the state after it', () => {
    const { appends, accepted } = decide(nothing, captured('order-1').map(report));
    expect(appends.map(({ expectedVersion }) => expectedVersion)).toEqual([0, 1, 2, 3, 4]);
    expect(accepted.map(({ orderId }) => orderId)).toEqual(Array(5).fill('order-1'));
    const last = appends.at(-1)!;
    expect(last).toMatchObject({
      lane: partitionOf(payment),
      stream: payment,
      key: captured('order-1').at(-1)!.id,
      rows: [{ id: last.key, type: 'CaptureSucceeded', schemaVersion: 1 }],
      effects: { paymentId: payment, version: 5, orderId: 'order-1', label: 'captured' },
    });
    const { type, data } = last.rows.at(0)!;
    expect(decodeMessage(PAYMENTS_EVENTS, type, data)).toMatchObject({
      ok: true,
      data: {
        version: 5,
        state: { label: 'captured', amounts: { captured: '1000' } },
        transitions: [{ kind: 'capture', from: 'requested', to: 'succeeded', delta: '1000' }],
      },
    });
  });

  it('leaves nothing for a fact that is known, from the log or from this batch', () => {
    const stream = { facts: addAll(empty(), [terms('order-1')]), version: 1 };
    expect(decide(new Map([[payment, stream]]), [report(terms('order-1'))]).appends).toEqual([]);
    expect(decide(nothing, [terms('order-1'), terms('order-1')].map(report)).appends).toHaveLength(
      1,
    );
  });

  it('refuses no fact, whatever it says', () => {
    const facts = [
      operation(payment, 'refund', 'succeeded', 5_000),
      operation(payment, 'void', 'succeeded'),
      { ...operation(payment, 'capture', 'succeeded'), amount: { ...eur(7), currency: 'USD' } },
    ];
    expect(decide(nothing, facts.map(report)).accepted).toHaveLength(3);
  });

  it('names another content under a known id instead of dropping it', () => {
    const other = { ...terms('order-1'), at: '2026-03-02T00:00:00.000Z' };
    const { accepted, contradicting } = decide(nothing, [terms('order-1'), other].map(report));
    expect(accepted).toHaveLength(1);
    expect(contradicting).toEqual([report(other)]);
  });
});
