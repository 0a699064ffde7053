import type { DisputeFact, Fact, OperationFact } from '@paylog/payment-domain';
import { PureRun } from '../testing/pure-run.js';

const eur = (minor: bigint) => ({ minor, currency: 'EUR' });
const heard = { at: '2026-03-02T00:00:00Z', source: 'webhook' } as const;

function told(
  stage: DisputeFact['stage'],
  outcome: DisputeFact['outcome'],
  minor: bigint,
): DisputeFact {
  const id = `${stage} ${outcome}`;
  return { type: 'dispute', id, ...heard, dispute: 'dp_1', stage, outcome, amount: eur(minor) };
}

function money(kind: 'dispute_withdrawal' | 'dispute_reinstatement', minor: bigint): OperationFact {
  const operation = `dp_1/${kind}`;
  const moved = { operation, kind, outcome: 'succeeded', amount: eur(minor) } as const;
  return { type: 'operation', id: operation, ...heard, ...moved, parent: 'dp_1' };
}

async function captured(...facts: readonly Fact[]): Promise<PureRun> {
  const run = new PureRun();
  run.place();
  await run.settle();
  run.webhook();
  run.tell(facts);
  return run;
}

function refund(run: PureRun, minor?: bigint, reference = 'r'): string {
  const some = minor === undefined ? {} : { amount: eur(minor) };
  const decision = run.ask({ type: 'refund', reference, ...some });
  return decision.type === 'refused' ? decision.refusal.reason : decision.type;
}

const opened = told('chargeback', 'opened', 600n);
const taken = money('dispute_withdrawal', 600n);

describe('a refund of a disputed payment', () => {
  it.each([
    ['before the money was taken', [opened]],
    ['after', [opened, taken]],
  ])('is refused for what the dispute may have, %s, and for no more', async (_name, facts) => {
    const run = await captured(...facts);
    expect(refund(run, 401n)).toBe('disputed');
    expect(refund(run, 1001n)).toBe('amount_exceeds_captured');
    expect(refund(run, 400n, 'rest')).toBe('accepted');
    expect(refund(run, 1n, 'more')).toBe('disputed');
    expect(refund(run, undefined, 'all')).toBe('disputed');
    await run.settle();
    expect(run.gateway.refundedOf('pi_1')).toBe(400n);
  });

  it('may be given while it is only asked about', async () => {
    const run = await captured(told('inquiry', 'opened', 1000n));
    expect(refund(run)).toBe('accepted');
  });

  it('is possible again when it was won and the money came back', async () => {
    const won = [told('chargeback', 'won', 600n), money('dispute_reinstatement', 600n)];
    const run = await captured(opened, taken);
    expect(refund(run)).toBe('accepted');
    expect(refund(run, 600n, 'later')).toBe('disputed');
    run.tell(won);
    expect(refund(run, 600n, 'later again')).toBe('accepted');
  });

  it('is refused for good for what was lost', async () => {
    const run = await captured(opened, taken, told('chargeback', 'lost', 600n));
    expect(refund(run, 401n)).toBe('charged_back');
    expect(refund(run, 400n)).toBe('accepted');
    expect(refund(run, undefined, 'more')).toBe('charged_back');
  });
});

describe('a dispute that comes between a refund and its call', () => {
  it('delays it, and ends it when it is lost', async () => {
    const run = await captured();
    expect(refund(run, 1000n)).toBe('accepted');
    run.tell([opened, taken]);
    expect(run.next()).toEqual({ type: 'wait', why: 'disputed' });
    run.tell([told('chargeback', 'lost', 600n)]);
    await run.settle();
    expect(run.gateway.refunds).toEqual([]);
    const [own] = run.known.intent.payment.operations.filter(({ kind }) => kind === 'refund');
    expect(own).toMatchObject({ status: 'canceled', reason: 'charged_back' });
  });

  it('lets it go on when it is won', async () => {
    const run = await captured();
    refund(run, 1000n);
    run.tell([opened, taken]);
    run.tell([told('chargeback', 'won', 600n), money('dispute_reinstatement', 600n)]);
    await run.settle();
    expect(run.gateway.refundedOf('pi_1')).toBe(1000n);
  });
});

describe('a cancelled order that is disputed', () => {
  it('gives back what no dispute took, and the rest when it is won', async () => {
    const run = await captured(opened, taken);
    run.ask({ type: 'cancel' });
    await run.settle();
    expect(run.gateway.refundedOf('pi_1')).toBe(400n);
    run.webhook();
    expect(run.next()).toEqual({ type: 'wait', why: 'disputed' });
    run.tell([told('chargeback', 'won', 600n), money('dispute_reinstatement', 600n)]);
    await run.settle();
    expect(run.gateway.refundedOf('pi_1')).toBe(1000n);
  });
});

describe('a refund of nothing', () => {
  it('is refused: no gateway of ours is asked for a credit without an original', () => {
    expect(refund(new PureRun(), 100n)).toBe('refund_without_original');
  });
});
