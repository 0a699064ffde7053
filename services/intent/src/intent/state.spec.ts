import { fold, FOREIGN_CAPTURE, type Fact } from '@paylog/payment-domain';
import { PureRun } from '../testing/pure-run.js';
import { decide } from './decide.js';
import { operations } from './operations.js';
import { movedMinor, type Known } from './state.js';

const amount = { minor: 1000n, currency: 'EUR' };
const sums = {
  ...{ authorized: 1000n, captured: 1000n, refunded: 0n, voided: 0n },
  ...{ disputed: 0n, chargedBack: 0n, disputeFees: 0n },
};

/** Our own log knows that the capture succeeded and what the gateway calls it; the projection is behind. */
function behind(projectedId: string): Known {
  const capture = { kind: 'capture', status: 'succeeded', amount };
  return {
    intent: {
      own: [{ id: 'cap1', kind: 'capture', asked: amount, calls: [] }],
      payment: { operations: [{ id: 'cap1', foreign: false, ...capture }], amounts: sums },
      aliases: new Map([['cap1', ['ch_1/capture']]]),
    },
    projected: { operations: [{ id: projectedId, foreign: true, ...capture }], amounts: sums },
  } as unknown as Known;
}

describe('what was captured, while the projection is behind our own log', () => {
  it('counts our capture once where the projection still takes its other name for a foreign one', () => {
    expect(movedMinor(behind('ch_1/capture'), 'capture').done).toBe(1000n);
  });

  it('counts our capture once where the projection knows only the total', () => {
    expect(movedMinor(behind(FOREIGN_CAPTURE), 'capture').done).toBe(1000n);
  });

  it('counts a capture of somebody else', () => {
    expect(movedMinor(behind('ch_2/capture'), 'capture').done).toBe(2000n);
  });
});

describe('a refund that the gateway undid later', () => {
  it('counts no more, so that the customer can be given the money another time', async () => {
    const run = new PureRun();
    run.place();
    await run.settle();
    run.ask({ type: 'refund', reference: 'r' });
    await run.settle();
    const { intent } = run.known;
    const undone: Fact = {
      type: 'operation',
      id: 'fct-undone',
      at: run.at,
      source: 'webhook',
      operation: operations.refund(run.paymentId, 'r'),
      kind: 'refund',
      outcome: 'reversed',
    };
    const known = { intent, projected: fold([...intent.facts, undone]) };
    expect(movedMinor(known, 'refund')).toEqual({ done: 0n, open: 0n });
    const order = { storefront: 'shop', orderId: 'order-1', attempt: 1 };
    const asked = { ...order, paymentId: run.paymentId, id: 'again', at: run.at, byMessage: true };
    const request = { ...asked, type: 'refund', reference: 'second' } as const;
    expect(decide(request, { known, accountStopped: false }).type).toBe('accepted');
  });
});
