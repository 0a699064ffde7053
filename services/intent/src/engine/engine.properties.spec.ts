import type { Payment } from '@paylog/payment-domain';
import fc from 'fast-check';
import { isOpen, statusOf } from '../intent/state.js';
import { PureRun } from '../testing/pure-run.js';
import { authorizedOf, type Weather } from '../testing/fake-gateway.js';

const weather = fc.constantFrom<Weather>('fine', 'done_then_lost', 'lost', 'rate_limited');
const method = fc.constantFrom(
  'pm_card_visa',
  'pm_card_chargeDeclined',
  'pm_card_authenticationRequired',
);

type Event =
  | { type: 'capture'; minor: bigint; reference: string; final: boolean }
  | { type: 'refund' | 'increment'; minor: bigint; reference: string }
  | { type: 'cancel' | 'void' | 'approve' | 'refuse' | 'crash' | 'time' | 'webhook' };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    type: fc.constant('capture' as const),
    minor: fc.bigInt(1n, 1200n),
    reference: fc.constantFrom('a', 'b', 'c'),
    final: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom('refund' as const, 'increment' as const),
    minor: fc.bigInt(1n, 1200n),
    reference: fc.constantFrom('a', 'b', 'c'),
  }),
  fc.record({
    type: fc.constantFrom('cancel', 'void', 'approve', 'refuse', 'crash', 'time', 'webhook'),
  }) as fc.Arbitrary<Event>,
);

const history = fc.record({
  method,
  captureMode: fc.constantFrom('automatic' as const, 'manual' as const),
  events: fc.array(fc.tuple(event, fc.nat(4)), { maxLength: 12 }),
  skies: fc.array(weather, { maxLength: 30 }),
});

async function play({ method: card, captureMode, events, skies }: History): Promise<PureRun> {
  const script = [...skies];
  const run = new PureRun(() => script.shift() ?? 'fine');
  run.place({ method: card, captureMode });
  for (const [happening, steps] of events) {
    await apply(run, happening);
    for (let i = 0; i < steps; i += 1) await run.step();
  }
  await run.settle();
  run.webhook();
  await run.settle();
  run.project();
  return run;
}

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

async function apply(run: PureRun, happening: Event): Promise<void> {
  switch (happening.type) {
    case 'capture':
    case 'refund':
    case 'increment': {
      const { minor, ...asked } = happening;
      run.ask({ ...asked, amount: { minor, currency: 'EUR' } });
      return;
    }
    case 'cancel':
    case 'void':
      run.ask({ type: happening.type });
      return;
    case 'approve':
    case 'refuse':
      run.gateway[happening.type](run.paymentId);
      run.toldAt = run.now;
      return;
    case 'time':
      run.now += 5_000;
      return;
    case 'webhook':
      run.webhook();
      return;
    case 'crash': {
      // The call is made, its answer dies with us.
      const action = run.next();
      if (action.type !== 'call') return;
      run.begin(action);
      await run.callOf(action);
    }
  }
}

/** What our log and the gateway's webhooks say together. */
function everybodys({ known }: PureRun): Payment {
  return known.projected ?? known.intent.payment;
}

describe('any history of requests, weather and crashes', () => {
  it('leaves every accepted operation a terminal path', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (given) => {
        const run = await play(given);
        const open = run.known.intent.own.filter((own) => isOpen(statusOf(run.known, own.id)));
        expect(open).toEqual([]);
        expect(['done', 'wait']).toContain(run.next().type);
      }),
      { numRuns: 200 },
    );
  });

  it('moves money once: one container, nothing captured twice, refunds within what was captured', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (given) => {
        const run = await play(given);
        const { gateway } = run;
        expect(gateway.containers.length).toBeLessThanOrEqual(1);
        expect(gateway.capturedTwice).toBe(0);
        const [container] = gateway.containers;
        const refunded = container ? gateway.refundedOf(container.id) : 0n;
        const { amounts, anomalies, unresolved } = everybodys(run);
        expect([anomalies, unresolved]).toEqual([[], []]);
        expect(amounts.captured).toBe(container?.captured ?? 0n);
        expect(amounts.refunded).toBe(refunded);
        expect(amounts.refunded <= amounts.captured).toBe(true);
        expect(amounts.captured <= amounts.authorized).toBe(true);
        expect(amounts.authorized <= (container ? authorizedOf(container) : 0n)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('gives a cancelled order its money back, or never takes it', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (given) => {
        const run = await play({ ...given, events: [...given.events, [{ type: 'cancel' }, 1]] });
        const { captured, refunded } = everybodys(run).amounts;
        expect(captured - refunded).toBe(0n);
        expect(run.gateway.containers.every(({ status }) => status !== 'requires_capture')).toBe(
          true,
        );
      }),
      { numRuns: 150 },
    );
  });

  it('asks for the same twice and leaves nothing the second time', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom('a', 'b'), async (given, reference) => {
        const run = await play(given);
        for (const type of ['capture', 'refund'] as const) {
          const amount = { minor: 10n, currency: 'EUR' };
          const first = run.ask({ type, reference, amount }, undefined, `${type}-${reference}`);
          const rows = run.rows.length;
          const second = run.ask({ type, reference, amount }, undefined, `${type}-${reference}`);
          if (first.type !== 'early') expect(second.type).toBe('duplicate');
          expect(run.rows.length).toBe(rows);
        }
      }),
      { numRuns: 100 },
    );
  });
});
