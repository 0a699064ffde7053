import type { Fact } from '@paylog/payment-domain';
import { captured, eventsOf, operation, paymentOf, terms } from '../testing/payments.js';
import { noticesOf } from './notices.js';

const payment = paymentOf('order-1');

/** What is told along these facts, each thing once. */
function told(facts: readonly Fact[]): string[] {
  const notices = new Map<string, string>();
  for (const event of eventsOf(payment, facts)) {
    for (const { key, kind, amount } of noticesOf({ ...event, fact: event.fact })) {
      if (!notices.has(key)) notices.set(key, `${kind} ${amount?.minor ?? ''}`.trim());
    }
  }
  return [...notices.values()];
}

const refund = (minor: number, reference: string) =>
  operation(payment, 'refund', 'succeeded', minor, reference);
const alias = (name: string, target: string): Fact => ({
  type: 'alias',
  id: `alias ${name}`,
  at: '2026-03-01T12:00:00.000Z',
  source: 'response',
  alias: name,
  target,
});
const foreign = (kind: 'authorization' | 'capture', id: string): Fact => ({
  ...(operation(payment, kind, 'succeeded') as Extract<Fact, { type: 'operation' }>),
  id: `foreign ${id}`,
  operation: id,
});

describe('what a customer is told', () => {
  it('is that the money came, and what went back, each sum once', () => {
    expect(told([...captured('order-1'), refund(400, 'a'), refund(600, 'b')])).toEqual([
      'payment_received 1000',
      'refund_sent 400',
      'refund_sent 1000',
    ]);
  });

  it('is told though the gateway was faster than the terms', () => {
    const [first, ...rest] = captured('order-1');
    expect(told([...rest, first!])).toEqual(['payment_received 1000']);
  });

  it('is told once of a capture that is first the gateway’s and then known as ours', () => {
    const ours = operation(payment, 'capture', 'succeeded');
    const id = ours.type === 'operation' ? ours.operation : '';
    const facts = [...captured('order-1').slice(0, 2), foreign('capture', 'ch_1')];
    expect(told([...facts, alias('ch_1', id), ours])).toEqual(['payment_received 1000']);
  });

  it('is what came back, not a smaller sum received', () => {
    const second = operation(payment, 'capture', 'succeeded', 500, '2');
    const facts = [
      ...captured('order-1').slice(0, 2),
      operation(payment, 'capture', 'succeeded', 500),
    ];
    expect(told([...facts, second, operation(payment, 'capture', 'reversed', 500, '2')])).toEqual([
      'payment_received 500',
      'payment_received 1000',
      'payment_returned 500',
    ]);
  });

  it('is that a payment came back, and each refund that did', () => {
    const sent = operation(payment, 'refund', 'succeeded', 400, 'a');
    const cameBack = operation(payment, 'refund', 'reversed', 400, 'a');
    const returned = operation(payment, 'capture', 'reversed');
    expect(told([...captured('order-1'), sent, cameBack, returned])).toEqual([
      'payment_received 1000',
      'refund_sent 400',
      'refund_failed 400',
      'payment_returned 1000',
    ]);
  });

  it('is that the bank takes its time, but not that the shopper is at it', () => {
    const session = operation(payment, 'session', 'pending');
    const processing = { ...session, reason: 'processing' } as Fact;
    const atIt = { ...session, reason: 'requires_action' } as Fact;
    expect(told([terms('order-1'), processing])).toEqual(['payment_pending']);
    expect(told([terms('order-1'), atIt])).toEqual([]);
  });

  it('is a refusal with its reason, once it is final', () => {
    const refused = {
      ...operation(payment, 'authorization', 'refused'),
      reason: 'insufficient_funds',
    } as Fact;
    const ended = operation(payment, 'session', 'canceled');
    const notices = eventsOf(payment, [terms('order-1'), refused, ended]).map(noticesOf);
    expect(notices.map((each) => each.map(({ kind }) => kind))).toEqual([
      [],
      [],
      ['payment_failed'],
    ]);
    expect(notices.at(2)?.at(0)?.reason).toBe('insufficient_funds');
  });

  it('is the end of a payment that nobody made', () => {
    expect(told([terms('order-1'), operation(payment, 'session', 'canceled')])).toEqual([
      'payment_canceled',
    ]);
  });
});
