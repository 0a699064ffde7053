import type { AuthorizeRequest } from '@paylog/gateways';
import { operations } from '../intent/operations.js';
import { viewOf } from '../query/view.js';
import type { Weather } from '../testing/fake-gateway.js';
import { LIMITS, PureRun } from '../testing/pure-run.js';
import { lookUp } from './gateway-calls.js';

const HOUR = 3_600_000;
type CaptureMode = 'automatic' | 'manual';

/** Told that it was refused; then the shopper pays with another card before we have closed the attempt. */
async function paidAfterDecline(captureMode: CaptureMode): Promise<PureRun> {
  const run = new PureRun();
  run.place({ captureMode, method: 'pm_card_visa_chargeDeclined' });
  await run.step();
  run.gateway.payAgain(run.paymentId);
  return run;
}

/** The call got stuck on its way, was given up after half a day, and reached the gateway in the end. */
async function arrivedInTheEnd(captureMode: CaptureMode): Promise<PureRun> {
  const skies: Weather[] = ['lost'];
  const run = new PureRun(() => skies.shift() ?? 'fine');
  run.place({ captureMode });
  await run.step();
  run.now += LIMITS.repeatWithinMs + HOUR;
  await run.settle();
  expect(run.known.intent.payment).toMatchObject({ label: 'canceled', final: true });
  await run.gateway.authorize(request(run, captureMode));
  run.now += HOUR;
  run.webhook();
  return run;
}

function request({ paymentId }: PureRun, captureMode: CaptureMode): AuthorizeRequest {
  return {
    paymentId,
    operationId: operations.authorization(paymentId),
    call: 1,
    sessionOperationId: operations.session(paymentId),
    captureOperationId: operations.automaticCapture(paymentId),
    amount: { minor: 1000n, currency: 'EUR' },
    captureMode,
    paymentMethod: 'pm_card_visa',
  };
}

const ways = [
  ['a payment that was told refused', paidAfterDecline],
  ['an attempt that was given up', arrivedInTheEnd],
] as const;

describe.each(ways)('money that comes late, of %s', (_name, given) => {
  it('is given back when it was taken, and the payment says why', async () => {
    const run = await given('automatic');
    await run.settle();
    const { gateway, known } = run;
    expect(gateway.refundedOf('pi_1')).toBe(1000n);
    expect(known.intent.payment).toMatchObject({ label: 'refunded', final: true });
    const view = viewOf(known);
    expect(view?.lateSuccess).toBe(true);
    expect(view?.operations).toContainEqual(
      expect.objectContaining({ kind: 'refund', status: 'succeeded', reason: 'late_success' }),
    );
    run.project();
    expect(run.next()).toEqual({ type: 'done' });
  });

  it('is let go of when it was only held', async () => {
    const run = await given('manual');
    await run.settle();
    run.project();
    await run.settle();
    expect(run.gateway.containers).toMatchObject([{ status: 'canceled', captured: 0n }]);
    expect(run.known.intent.payment).toMatchObject({ label: 'voided', final: true });
    run.webhook();
    expect(run.known.projected).toMatchObject({ label: 'voided', final: true, anomalies: [] });
  });

  it('is kept where that is the policy, and shown', async () => {
    const run = await given('automatic');
    run.limits = { ...LIMITS, lateSuccess: 'keep' };
    await run.settle();
    run.webhook();
    await run.settle();
    expect(run.gateway.refunds).toEqual([]);
    expect(viewOf(run.known)).toMatchObject({ status: 'captured', lateSuccess: true });
  });
});

describe('money that comes in time', () => {
  it('is nothing late: the shopper won just before the attempt was closed', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_authenticationRequired' });
    await run.step();
    run.gateway.approve(run.paymentId);
    run.now += LIMITS.abandonAfterMs;
    await run.settle();
    expect(run.known.intent.payment.label).toBe('captured');
    expect(viewOf(run.known)?.lateSuccess).toBeUndefined();
  });

  it('nor is a part that was captured before the rest was let go of', async () => {
    const run = new PureRun();
    run.place({ captureMode: 'manual' });
    await run.settle();
    const amount = { minor: 300n, currency: 'EUR' };
    run.ask({ type: 'capture', reference: 'a', amount, final: false });
    await run.settle();
    run.ask({ type: 'void' });
    await run.settle();
    run.webhook();
    await run.settle();
    expect(run.gateway.refunds).toEqual([]);
    expect(viewOf(run.known)?.lateSuccess).toBeUndefined();
  });
});

describe('a debit that came back and was paid another way', () => {
  it.each([
    ['told by webhooks only', false],
    ['looked at in between', true],
  ])('is nothing late while we leave it open: %s', async (_name, looked) => {
    const run = new PureRun();
    run.place({ method: 'pm_sepa' });
    await run.step();
    run.gateway.approve(run.paymentId);
    await run.settle();
    run.webhook();
    run.tell(run.gateway.comeBack(run.paymentId, run.at));
    run.webhook();
    if (looked) {
      const [own] = run.known.intent.own;
      run.keep(await lookUp(run.gateway, own!, run.known));
      run.project();
    }
    await run.step();
    run.now += 1_000;
    run.gateway.payAgain(run.paymentId);
    run.webhook();
    await run.settle();
    run.webhook();
    await run.settle();
    expect(run.gateway.refunds).toEqual([]);
    expect(run.known.intent.decline).toBeUndefined();
    expect(run.known.projected).toMatchObject({ label: 'captured', amounts: { captured: 1000n } });
  });
});

describe('a debit that came back before we had looked', () => {
  /** The gateway told of success and failure while our own answer still said pending. */
  async function cameBackUnseen(): Promise<PureRun> {
    const run = new PureRun();
    run.place({ method: 'pm_sepa' });
    await run.step();
    run.gateway.approve(run.paymentId);
    run.webhook();
    run.now += 1_000;
    run.tell(run.gateway.comeBack(run.paymentId, run.at));
    return run;
  }

  it('is undone, not refused: it is left open for another payment', async () => {
    const run = await cameBackUnseen();
    await run.step();
    expect(run.known.intent.decline).toBeUndefined();
    expect(run.next()).toMatchObject({ type: 'wait', why: 'waiting for another payment' });
    await run.settle();
    expect(run.gateway.containers).toMatchObject([{ status: 'canceled' }]);
    run.webhook();
    expect(run.known.projected).toMatchObject({ label: 'failed', final: true, unresolved: [] });
  });

  it('is told apart from what was paid in its place: the first try was ours', async () => {
    const run = await cameBackUnseen();
    run.gateway.payAgain(run.paymentId);
    run.webhook();
    await run.settle();
    run.webhook();
    expect(run.gateway.refunds).toEqual([]);
    expect(run.known.projected).toMatchObject({
      label: 'captured',
      final: true,
      unresolved: [],
      anomalies: [],
      amounts: { captured: 1000n },
    });
    expect(run.next()).toEqual({ type: 'done' });
  });
});

describe('a cancel that the gateway refuses for the moment', () => {
  it('is asked for again, as an operation of its own', async () => {
    const run = new PureRun();
    run.place({ captureMode: 'manual' });
    await run.settle();
    const [container] = run.gateway.containers;
    run.ask({ type: 'cancel' });
    container!.status = 'processing';
    await run.step();
    container!.status = 'requires_capture';
    await run.settle();
    expect(container!.status).toBe('canceled');
    expect(run.known.intent.own.filter(({ kind }) => kind === 'void')).toHaveLength(2);
    expect(run.known.intent.payment).toMatchObject({ label: 'voided', final: true });
  });
});
