import { PureRun } from '../testing/pure-run.js';
import type { Decision } from './decision.js';

const eur = (minor: bigint) => ({ minor, currency: 'EUR' });
const outcome = (decision: Decision): string => {
  switch (decision.type) {
    case 'refused':
      return decision.refusal.reason;
    case 'early':
      return `early: ${decision.refusal.reason}`;
    case 'conflicted':
      return `conflict: ${decision.field}`;
    case 'accepted':
    case 'duplicate':
      return decision.type;
  }
};

async function placed(
  options: Parameters<PureRun['place']>[0] = {},
  settled = true,
): Promise<PureRun> {
  const run = new PureRun();
  run.place(options);
  if (settled) for (let i = 0; i < 6; i += 1) await run.step();
  return run;
}
const authorized = () => placed({ captureMode: 'manual' });
const captured = () => placed();
const declined = () => placed({ method: 'pm_card_visa_chargeDeclined' });
const waiting = () => placed({ method: 'pm_card_authenticationRequired', captureMode: 'manual' });

describe('place', () => {
  it('accepts an order: terms, authorization, and the capture that comes with it', async () => {
    const run = await placed({}, false);
    expect(run.rows.map(({ message }) => message.type)).toEqual([
      'IntentAccepted',
      'FactRecorded',
      'FactRecorded',
    ]);
    expect(run.known.intent.own.map(({ kind }) => kind)).toEqual(['authorization', 'capture']);
  });

  it('knows the same order again, and leaves nothing', async () => {
    const run = await captured();
    const rows = run.rows.length;
    expect(outcome(run.place())).toBe('duplicate');
    expect(run.rows).toHaveLength(rows);
  });

  it('publishes a conflict where amount or capture mode differ, and changes nothing', async () => {
    const run = await captured();
    expect(outcome(run.place({ minor: 1001n }))).toBe('conflict: amount.minor');
    expect(outcome(run.place({ captureMode: 'manual' }))).toBe('conflict: captureMode');
    expect(run.known.intent.terms?.amount.minor).toBe(1000n);
  });

  it('locks who shares in it, too', () => {
    const run = new PureRun();
    const ask = (basisPoints?: number) =>
      run.ask({
        type: 'place',
        mode: 'test',
        amount: eur(1000n),
        captureMode: 'automatic',
        account: 'stripe-main',
        gateway: 'stripe',
        ...(basisPoints !== undefined && {
          splits: {
            participants: [{ participant: 'seller', basisPoints }],
            refunds: { rule: 'proportional' },
          },
        }),
      });
    expect(outcome(ask(8_000))).toBe('accepted');
    expect(run.known.intent.payment.terms?.splits?.participants).toHaveLength(1);
    expect(outcome(ask(8_000))).toBe('duplicate');
    expect(outcome(ask(9_000))).toBe('conflict: splits');
    expect(outcome(ask())).toBe('conflict: splits');
  });

  it('locks whether goods may go in parts', () => {
    const run = new PureRun();
    const ask = (shipping?: 'parts') =>
      run.ask({
        type: 'place',
        mode: 'test',
        amount: eur(1000n),
        captureMode: 'manual',
        account: 'stripe-main',
        gateway: 'stripe',
        ...(shipping && { shipping }),
      });
    expect(outcome(ask('parts'))).toBe('accepted');
    expect(run.known.intent.payment.terms?.shipping).toBe('parts');
    expect(outcome(ask('parts'))).toBe('duplicate');
    expect(outcome(ask())).toBe('conflict: shipping');
  });

  it('refuses an order that was cancelled before it came', () => {
    const run = new PureRun();
    expect(outcome(run.ask({ type: 'cancel' }))).toBe('accepted');
    expect(outcome(run.place())).toBe('order_cancelled');
  });
});

describe('the next attempt', () => {
  const second = (first: PureRun) => {
    const run = new PureRun(undefined, 2, first.gateway);
    return () => outcome(run.place({}, first));
  };

  it('needs one before it', () => {
    expect(second(new PureRun())()).toBe('previous_attempt_unknown');
  });

  it('is refused when the one before took or holds money', async () => {
    expect(second(await captured())()).toBe('previous_attempt_succeeded');
    expect(second(await authorized())()).toBe('previous_attempt_succeeded');
  });

  it('is accepted when the one before was declined and closed', async () => {
    expect(second(await declined())()).toBe('accepted');
  });

  it('comes too early while the one before can be paid; that one is closed first', async () => {
    const first = await waiting();
    const place = second(first);
    expect(place()).toBe('early: previous_attempt_open');
    await first.step();
    expect(first.gateway.containers[0]?.status).toBe('canceled');
    const again = new PureRun(undefined, 2, first.gateway);
    expect(outcome(again.place({}, first))).toBe('accepted');
  });

  it('is refused when the shopper paid the one before after all', async () => {
    const first = await placed({ method: 'pm_card_authenticationRequired' });
    first.gateway.approve(first.paymentId);
    expect(second(first)()).toBe('early: previous_attempt_open');
    await first.settle();
    expect(first.known.intent.payment.label).toBe('captured');
    expect(second(first)()).toBe('previous_attempt_succeeded');
  });

  it('is accepted when what the one before held was released for it', async () => {
    const first = await waiting();
    first.gateway.approve(first.paymentId);
    expect(second(first)()).toBe('early: previous_attempt_open');
    await first.settle();
    expect(first.known.intent.payment.label).toBe('voided');
    expect(second(first)()).toBe('accepted');
  });
});

describe('capture', () => {
  const capture = (run: PureRun, minor?: bigint, reference = 'parcel') =>
    outcome(run.ask({ type: 'capture', reference, ...(minor ? { amount: eur(minor) } : {}) }));

  it('takes everything by default, once a reference', async () => {
    const run = await authorized();
    expect(capture(run)).toBe('accepted');
    expect(capture(run)).toBe('duplicate');
    expect(capture(run, 999n)).toBe('reference_used');
    expect(capture(run, 1n, 'another')).toBe('capture_already_requested');
    await run.settle();
    expect(run.gateway.containers[0]?.captured).toBe(1000n);
  });

  it('takes parts while more follow, and lets the last one release the rest', async () => {
    const run = await authorized();
    const part = (minor: bigint, reference: string, final?: boolean) =>
      outcome(
        run.ask({
          type: 'capture',
          reference,
          amount: eur(minor),
          ...(final === undefined ? {} : { final }),
        }),
      );
    expect(part(300n, 'a', false)).toBe('accepted');
    expect(part(300n, 'a', false)).toBe('duplicate');
    expect(part(300n, 'a', true)).toBe('reference_used');
    // Judged on what is done and what is still open.
    expect(part(701n, 'b', false)).toBe('amount_exceeds_authorization');
    expect(part(300n, 'b', false)).toBe('accepted');
    await run.settle();
    expect(run.known.intent.payment.label).toBe('partially_captured');
    expect(part(401n, 'c')).toBe('amount_exceeds_authorization');
    expect(part(100n, 'c')).toBe('accepted');
    expect(part(100n, 'd')).toBe('capture_already_requested');
    await run.settle();
    expect(run.known.intent.payment).toMatchObject({
      label: 'captured',
      final: true,
      amounts: { captured: 700n, voided: 300n },
      anomalies: [],
    });
  });

  it('is ended with the order, where it was not begun', async () => {
    const run = await authorized();
    run.ask({ type: 'capture', reference: 'a', amount: eur(300n), final: false });
    await run.settle();
    run.ask({ type: 'capture', reference: 'b', amount: eur(300n), final: false });
    run.ask({ type: 'cancel' });
    await run.settle();
    expect(run.gateway.containers).toMatchObject([{ captured: 300n, status: 'canceled' }]);
    expect(run.known.intent.payment).toMatchObject({ label: 'refunded', final: true });
  });

  it('takes everything that is left by default', async () => {
    const run = await authorized();
    run.ask({ type: 'capture', reference: 'a', amount: eur(300n), final: false });
    await run.settle();
    expect(capture(run)).toBe('accepted');
    await run.settle();
    expect(run.known.intent.payment.amounts).toMatchObject({ captured: 1000n, voided: 0n });
  });

  it('leaves room for another once one was refused by the gateway', async () => {
    const run = await authorized();
    const [container] = run.gateway.containers;
    expect(capture(run, 900n)).toBe('accepted');
    container!.captured = 200n; // Somebody took some in the dashboard.
    await run.settle();
    expect(run.known.intent.payment.amounts.captured).toBe(200n);
    expect(capture(run, 800n, 'less')).toBe('accepted');
    await run.settle();
    expect(container).toMatchObject({ captured: 1000n, status: 'succeeded' });
  });

  it('waits for an authorization in doubt', async () => {
    expect(capture(await waiting())).toBe('early: authorization_open');
  });

  it.each([
    ['of nothing', () => new PureRun(), 'payment_not_found'],
    ['of an automatic payment', captured, 'captured_automatically'],
    ['of a refused one', declined, 'attempt_closed'],
  ])('%s is refused', async (_name, given, reason) => {
    const run = await given();
    if (reason === 'attempt_closed') {
      const manual = await placed({ captureMode: 'manual', method: 'pm_card_visa_chargeDeclined' });
      expect(capture(manual)).toBe(reason);
    } else expect(capture(run)).toBe(reason);
  });

  it('of more than is held is refused', async () => {
    expect(capture(await authorized(), 1001n)).toBe('amount_exceeds_authorization');
  });
});

describe('increment', () => {
  const increment = (run: PureRun, minor: bigint, reference = 'more') =>
    outcome(run.ask({ type: 'increment', reference, amount: eur(minor) }));

  it('holds more, which can then be captured', async () => {
    const run = await authorized();
    expect(increment(run, 300n)).toBe('accepted');
    expect(increment(run, 300n)).toBe('duplicate');
    expect(increment(run, 301n)).toBe('reference_used');
    expect(increment(run, 100n, 'again')).toBe('early: increment_open');
    await run.settle();
    expect(increment(run, 100n, 'again')).toBe('accepted');
    await run.settle();
    expect(run.known.intent.payment).toMatchObject({
      amounts: { authorized: 1400n },
      anomalies: [],
    });
    expect(outcome(run.ask({ type: 'capture', reference: 'all' }))).toBe('accepted');
    await run.settle();
    expect(run.known.intent.payment.amounts.captured).toBe(1400n);
  });

  it('that the issuer refuses leaves what was held', async () => {
    const run = await authorized();
    expect(increment(run, 5_000n)).toBe('accepted');
    await run.settle();
    const told = run.rows.filter(({ message }) => message.type === 'IntentRefused');
    expect(told.map(({ message }) => message.data)).toMatchObject([
      { operation: 'authorization', reason: 'card_declined' },
    ]);
    expect(run.known.intent.decline).toBeUndefined();
    expect(run.known.intent.payment).toMatchObject({
      label: 'authorized',
      amounts: { authorized: 1000n },
    });
    expect(increment(run, 100n, 'less')).toBe('accepted');
  });

  it.each([
    ['of nothing', async () => new PureRun(), 'payment_not_found'],
    ['of an automatic payment', captured, 'captured_automatically'],
    ['of an authorization in doubt', waiting, 'early: authorization_open'],
  ])('%s is not possible', async (_name, given, reason) => {
    expect(increment(await given(), 1n)).toBe(reason);
  });

  it('comes too late once anything is captured, and for what was called off', async () => {
    const partly = await authorized();
    partly.ask({ type: 'capture', reference: 'a', amount: eur(1n), final: false });
    expect(increment(partly, 1n)).toBe('increment_after_capture');
    const cancelled = await authorized();
    cancelled.ask({ type: 'cancel' });
    expect(increment(cancelled, 1n)).toBe('void_already_requested');
  });
});

describe('void and cancel', () => {
  it('void releases what is held', async () => {
    const run = await authorized();
    expect(outcome(run.ask({ type: 'void' }))).toBe('accepted');
    expect(outcome(run.ask({ type: 'void' }))).toBe('duplicate');
    await run.settle();
    expect(run.known.intent.payment.label).toBe('voided');
  });

  it('void after a part was captured lets go of the rest, and gives nothing back', async () => {
    const run = await authorized();
    run.ask({ type: 'capture', reference: 'a', amount: eur(300n), final: false });
    expect(outcome(run.ask({ type: 'void' }))).toBe('early: capture_open');
    await run.settle();
    expect(outcome(run.ask({ type: 'void' }))).toBe('accepted');
    expect(outcome(run.ask({ type: 'void' }))).toBe('duplicate');
    expect(outcome(run.ask({ type: 'capture', reference: 'b' }))).toBe('void_already_requested');
    await run.settle();
    expect(run.known.intent.payment).toMatchObject({
      label: 'captured',
      final: true,
      amounts: { captured: 300n, voided: 700n, refunded: 0n },
      anomalies: [],
    });
    expect(outcome(run.ask({ type: 'void' }))).toBe('already_captured');
    expect(outcome(run.ask({ type: 'capture', reference: 'b' }))).toBe('attempt_closed');
  });

  it('void is refused once money was taken; cancel gives it back', async () => {
    const run = await captured();
    expect(outcome(run.ask({ type: 'void' }))).toBe('already_captured');
    expect(outcome(run.ask({ type: 'cancel' }))).toBe('accepted');
    await run.settle();
    expect(run.known.intent.payment.label).toBe('refunded');
  });

  it('cancel before the first call makes no call at all', async () => {
    const run = await placed({}, false);
    run.ask({ type: 'cancel' });
    await run.settle();
    expect(run.gateway.calls).toEqual([]);
    expect(run.known.intent.payment).toMatchObject({ label: 'canceled', final: true });
  });
});

describe('refund', () => {
  const refund = (run: PureRun, minor?: bigint, reference = 'r1') =>
    outcome(run.ask({ type: 'refund', reference, ...(minor ? { amount: eur(minor) } : {}) }));

  it('gives back parts until nothing is left', async () => {
    const run = await captured();
    expect(refund(run, 400n)).toBe('accepted');
    expect(refund(run, 400n)).toBe('duplicate');
    expect(refund(run, 601n, 'r2')).toBe('amount_exceeds_captured');
    expect(refund(run, undefined, 'r2')).toBe('accepted');
    expect(refund(run, undefined, 'r3')).toBe('amount_exceeds_captured');
    await run.settle();
    expect(run.known.intent.payment.amounts.refunded).toBe(1000n);
  });

  it('waits for a capture in doubt, and needs one', async () => {
    expect(refund(await placed({}, false))).toBe('early: capture_open');
    expect(refund(await authorized())).toBe('nothing_captured');
    expect(refund(await declined())).toBe('nothing_captured');
  });
});
