import { netOf, sharesOf, type Fact, type Splits } from '@paylog/payment-domain';
import fc from 'fast-check';
import { isOpen, statusOf } from '../intent/state.js';
import type { Weather } from '../testing/fake-gateway.js';
import { PureRun } from '../testing/pure-run.js';

const SPLITS: Splits = {
  participants: [
    { participant: 'seller', basisPoints: 8_000 },
    { participant: 'courier', minor: 50n },
  ],
  platformFee: { basisPoints: 1_000 },
  refunds: { rule: 'proportional' },
};
const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

/** Until payment-state has heard of everything and nothing is due. */
async function settle(run: PureRun): Promise<void> {
  for (let rows = -1; rows !== run.rows.length;) {
    rows = run.rows.length;
    run.project();
    await run.settle();
  }
}

async function sold(
  options: Parameters<PureRun['place']>[0] = {},
  weather?: (call: string) => Weather,
): Promise<PureRun> {
  const run = new PureRun(weather);
  run.place({ splits: SPLITS, ...options });
  await settle(run);
  return run;
}

const held = ({ gateway }: PureRun) => [
  gateway.participants.heldBy('seller'),
  gateway.participants.heldBy('courier'),
];
const payouts = ({ gateway }: PureRun) =>
  gateway.participants.done.map(({ kind, participant, amount }) => [
    kind === 'participant_payout' ? 'paid' : 'taken back',
    participant,
    Number(amount.minor),
  ]);

describe('the shares of a payment', () => {
  it('go on when payment-state tells of the capture, out of its own charge', async () => {
    const run = new PureRun();
    run.place({ splits: SPLITS });
    await run.settle();
    expect(payouts(run)).toEqual([]);
    await settle(run);
    expect(payouts(run)).toEqual([
      ['paid', 'seller', 720],
      ['paid', 'courier', 50],
    ]);
    expect(run.gateway.participants.done[0]?.parent).toBe('ch_pi_1');
    expect(run.known.intent.payment).toMatchObject({ final: true, unresolved: [] });
    expect(run.next()).toEqual({ type: 'done' });
  });

  it('stay where they are when nothing was agreed, or the account passes nothing on', async () => {
    const alone = new PureRun();
    alone.place();
    const kept = new PureRun();
    kept.passesSharesOn = false;
    kept.place({ splits: SPLITS });
    for (const run of [alone, kept]) {
      await settle(run);
      expect(payouts(run)).toEqual([]);
      expect(run.next()).toEqual({ type: 'done' });
    }
  });

  it('go on as differences of the whole, and without a source where it is captured in parts', async () => {
    const run = await sold({ captureMode: 'manual', minor: 1_000n });
    expect(payouts(run)).toEqual([]);
    for (const [n, minor] of [333n, 333n, 334n].entries()) {
      run.ask({ type: 'capture', reference: `part ${n}`, amount: eur(minor), final: n === 2 });
      await settle(run);
    }
    expect(held(run)).toEqual([720n, 50n]);
    expect(run.gateway.participants.done.map(({ parent }) => parent)).toEqual(
      run.gateway.participants.done.map(() => undefined),
    );
  });

  it('come back as far as a refund lowers them, from the last payout first', async () => {
    const run = await sold({ captureMode: 'manual', minor: 1_000n });
    run.ask({ type: 'capture', reference: 'a', amount: eur(600n), final: false });
    await settle(run);
    run.ask({ type: 'capture', reference: 'b', amount: eur(400n) });
    await settle(run);
    run.ask({ type: 'refund', reference: 'r', amount: eur(500n) });
    await settle(run);
    expect(payouts(run).filter(([, name]) => name === 'seller')).toEqual([
      ['paid', 'seller', 432],
      ['paid', 'seller', 288],
      ['taken back', 'seller', 288],
      ['taken back', 'seller', 72],
    ]);
    expect(held(run)).toEqual([360n, 25n]);
  });

  it('do not go on while a refund is on its way, or a dispute holds the money', async () => {
    const run = new PureRun((call) => (call === 'refund' ? 'lost' : 'fine'));
    run.place({ splits: SPLITS });
    await run.settle();
    run.ask({ type: 'refund', reference: 'r', amount: eur(500n) });
    await run.step();
    run.project();
    for (let i = 0; i < 8; i += 1) await run.step();
    expect(held(run)).toEqual([360n, 25n]);
  });

  const disputed = (outcome: 'opened' | 'lost' | 'won'): Fact[] => {
    const at = '2026-03-01T13:00:00Z';
    const told = { at, source: 'webhook' } as const;
    const money = (kind: 'dispute_withdrawal' | 'dispute_reinstatement'): Fact => ({
      ...told,
      type: 'operation',
      id: `${kind} 1`,
      operation: `txn_${kind}`,
      kind,
      outcome: 'succeeded',
      amount: eur(1_000n),
      parent: 'dp_1',
    });
    const of = (each: 'opened' | 'lost' | 'won'): Fact => ({
      ...told,
      type: 'dispute',
      id: `dispute ${each}`,
      dispute: 'dp_1',
      stage: 'chargeback',
      outcome: each,
      amount: eur(1_000n),
    });
    return [
      of('opened'),
      money('dispute_withdrawal'),
      ...(outcome === 'opened' ? [] : [of(outcome)]),
      ...(outcome === 'won' ? [money('dispute_reinstatement')] : []),
    ];
  };

  it('wait while a dispute holds the money, go on when it is won, come back when it is lost', async () => {
    const early = new PureRun();
    early.place({ splits: SPLITS });
    await early.settle();
    early.tell(disputed('opened'));
    await settle(early);
    expect(held(early)).toEqual([0n, 0n]);
    early.tell(disputed('won'));
    await settle(early);
    expect(held(early)).toEqual([720n, 50n]);

    const late = await sold();
    late.tell(disputed('opened'));
    await settle(late);
    expect(held(late)).toEqual([720n, 50n]);
    late.tell(disputed('lost'));
    await settle(late);
    expect(held(late)).toEqual([0n, 0n]);
  });

  it('all come back when the order is cancelled', async () => {
    const run = await sold();
    run.ask({ type: 'cancel' });
    await settle(run);
    expect(run.known.intent.payment.amounts).toMatchObject({ captured: 1_000n, refunded: 1_000n });
    expect(held(run)).toEqual([0n, 0n]);
  });

  it('are not begun for an order that was cancelled in between', async () => {
    const run = new PureRun();
    run.place({ splits: SPLITS });
    await run.settle();
    run.project();
    await run.step();
    expect(run.next()).toMatchObject({ type: 'call', call: 'pay_out' });
    run.ask({ type: 'cancel' });
    await settle(run);
    expect(payouts(run)).toEqual([]);
    expect(run.known.intent.own.some(({ id }) => isOpen(statusOf(run.known, id)))).toBe(false);
  });

  it('wait for a participant whom the gateway does not know, and for nobody else', async () => {
    const run = new PureRun();
    run.gateway.participants.unknown.add('seller');
    run.place({ splits: SPLITS });
    await settle(run);
    expect(payouts(run)).toEqual([['paid', 'courier', 50]]);
    expect(run.next()).toEqual({
      type: 'wait',
      until: run.now + 3_600_000,
      why: 'a participant has no account at the gateway',
    });
    run.gateway.participants.unknown.clear();
    await settle(run);
    expect(held(run)).toEqual([720n, 50n]);
  });

  it('are tried again after a refusal, each time as another operation, less and less often', async () => {
    const run = new PureRun();
    run.gateway.participants.refusals = 3;
    run.place({ splits: SPLITS });
    await settle(run);
    expect(held(run)).toEqual([720n, 50n]);
    expect(run.rows.some(({ message }) => message.type === 'IntentRefused')).toBe(false);

    const never = new PureRun();
    never.gateway.participants.refusals = 1_000;
    never.place({ splits: SPLITS });
    never.project();
    await never.settle(60 * 86_400_000);
    expect(payouts(never)).toEqual([]);
    never.project();
    await never.settle(60 * 86_400_000);
    const tries = never.known.intent.own.filter(({ participant }) => participant);
    expect(new Set(tries.map(({ id }) => id)).size).toBe(tries.length);
    expect(tries.length).toBeLessThan(60);
    expect(never.next()).toMatchObject({
      type: 'wait',
      why: 'a participant’s payout was refused',
    });
  });

  it('wait under review and with a stopped account; what is to come back does not', async () => {
    const at = '2026-03-01T13:00:00Z';
    const review: Fact = {
      type: 'operation',
      id: 'review',
      at,
      source: 'webhook',
      operation: 'prv_1',
      kind: 'hold',
      outcome: 'requested',
      reason: 'review',
    };
    for (const [why, block] of [
      ['under review', (run: PureRun) => run.tell([review])],
      ['gateway account stopped', (run: PureRun) => void (run.accountStopped = true)],
    ] as const) {
      const run = new PureRun();
      run.place({ splits: SPLITS });
      await run.settle();
      block(run);
      await settle(run);
      expect(payouts(run)).toEqual([]);
      expect(run.next()).toMatchObject({ type: 'wait', why });

      const paid = await sold();
      paid.ask({ type: 'refund', reference: 'r', amount: eur(500n) });
      await paid.settle();
      block(paid);
      await settle(paid);
      expect(held(paid)).toEqual([360n, 25n]);
    }
  });

  it('end where they belong in any weather, whatever is captured, refunded and crashed meanwhile', async () => {
    const skies = fc.array(
      fc.constantFrom<Weather>('fine', 'done_then_lost', 'lost', 'rate_limited'),
      { maxLength: 30 },
    );
    const happening = fc.record({
      type: fc.constantFrom('capture', 'refund', 'cancel', 'project', 'crash'),
      minor: fc.bigInt(1n, 700n),
      steps: fc.nat(6),
      final: fc.boolean(),
    });
    const history = fc.record({
      captureMode: fc.constantFrom('automatic' as const, 'manual' as const),
      happenings: fc.array(happening, { maxLength: 12 }),
      skies,
      refusals: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ captureMode, happenings, skies: script, refusals }) => {
        const weather = [...script];
        const run = new PureRun(() => weather.shift() ?? 'fine');
        run.gateway.participants.refusals = refusals;
        run.place({ splits: SPLITS, captureMode });
        for (const [n, { type, minor, steps, final }] of happenings.entries()) {
          const reference = `${n}`;
          if (type === 'capture') run.ask({ type, reference, amount: eur(minor), final });
          if (type === 'refund') run.ask({ type, reference, amount: eur(minor) });
          if (type === 'cancel') run.ask({ type });
          if (type === 'project') run.project();
          if (type === 'crash') {
            const action = run.next();
            if (action.type === 'call') {
              run.begin(action);
              await run.callOf(action);
            }
          }
          for (let i = 0; i < steps; i += 1) await run.step();
        }
        await settle(run);
        const { payment, own } = run.known.intent;
        expect(own.filter(({ id }) => isOpen(statusOf(run.known, id)))).toEqual([]);
        expect(run.gateway.participants.doneTwice).toBe(0);
        for (const share of sharesOf(payment)) {
          if (share.by !== 'participant') continue;
          expect(share.paidOut).toBe(run.gateway.participants.heldBy(share.participant ?? ''));
          expect(share.paidOut).toBe(netOf(share));
        }
      }),
      { numRuns: 200 },
    );
  });
});
