import { PureRun } from '../testing/pure-run.js';
import type { Decision } from './decision.js';

type Ask = (run: PureRun) => Decision;
const usd = { minor: 5000n, currency: 'USD' };
const tooMuch = { minor: 5000n, currency: 'EUR' };

/** Requests with several faults at once, by descending precedence: the first reason wins. */
const rows: readonly [
  name: string,
  given: (run: PureRun) => Promise<void>,
  ask: Ask,
  reason: string,
][] = [
  [
    'capture: unknown payment before everything',
    async () => undefined,
    (run) => run.ask({ type: 'capture', reference: 'a', amount: usd }),
    'payment_not_found',
  ],
  [
    'capture: automatic before currency',
    async (run) => settle(run, 'automatic'),
    (run) => run.ask({ type: 'capture', reference: 'a', amount: usd }),
    'captured_automatically',
  ],
  [
    'capture: currency before cancellation',
    async (run) => {
      await settle(run, 'manual');
      run.ask({ type: 'cancel' });
    },
    (run) => run.ask({ type: 'capture', reference: 'a', amount: usd }),
    'currency_mismatch',
  ],
  [
    'capture: cancellation before amount',
    async (run) => {
      await settle(run, 'manual');
      run.ask({ type: 'cancel' });
    },
    (run) => run.ask({ type: 'capture', reference: 'a', amount: tooMuch }),
    'void_already_requested',
  ],
  [
    'capture: another capture before amount',
    async (run) => {
      await settle(run, 'manual');
      run.ask({ type: 'capture', reference: 'a' });
    },
    (run) => run.ask({ type: 'capture', reference: 'b', amount: tooMuch }),
    'capture_already_requested',
  ],
  [
    'refund: used reference before currency',
    async (run) => {
      await settle(run, 'automatic');
      run.ask({ type: 'refund', reference: 'a' });
    },
    (run) => run.ask({ type: 'refund', reference: 'a', amount: usd }),
    'reference_used',
  ],
  [
    'refund: currency before nothing captured',
    async (run) => settle(run, 'manual'),
    (run) => run.ask({ type: 'refund', reference: 'a', amount: usd }),
    'currency_mismatch',
  ],
  [
    'refund: nothing captured before amount',
    async (run) => settle(run, 'manual'),
    (run) => run.ask({ type: 'refund', reference: 'a', amount: tooMuch }),
    'nothing_captured',
  ],
  [
    'place: cancelled before a stopped account',
    async (run) => {
      run.ask({ type: 'cancel' });
      run.accountStopped = true;
    },
    (run) => run.place(),
    'order_cancelled',
  ],
  [
    'place: stopped account last',
    async (run) => {
      run.accountStopped = true;
    },
    (run) => run.place(),
    'gateway_account_stopped',
  ],
];

async function settle(run: PureRun, captureMode: 'automatic' | 'manual'): Promise<void> {
  run.place({ captureMode });
  await run.settle();
}

describe('reasons of refusals, by descending precedence', () => {
  it.each(rows)('%s', async (_name, given, ask, reason) => {
    const run = new PureRun();
    await given(run);
    const decision = ask(run);
    expect(decision.type === 'refused' && decision.refusal.reason).toBe(reason);
  });
});
