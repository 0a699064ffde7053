import type { Invariant, Violation, Witness } from '../witness.js';
import type { Check, Promised } from './checks/check.js';
import { capturedOnce, refundedOnce, stateAsTheGatewaySays } from './checks/gateway.js';
import { releasedAfterCapture, releasedOnce, releasedWhenPaid } from './checks/goods.js';
import { ledgerBalanced } from './checks/ledger.js';
import { chainsVerify, logEqualsTopic, positionsGapless, versionsGapless } from './checks/logs.js';
import { nothingParked, nothingStuck } from './checks/motion.js';
import { ackedOrderAnswered } from './checks/orders.js';
import { liveEqualsRebuilt } from './checks/projections.js';
import { ackedWebhookStored, storedWebhookApplied } from './checks/webhooks.js';
import type { Evidence } from './evidence.js';
import { gatherAtRest } from './gather.js';

/** What the oracle judges itself; `services-recover` is for whoever did the harm to say. */
export const CHECKS: Readonly<Record<Exclude<Invariant, 'services-recover'>, Check>> = {
  'acked-webhook-stored': ackedWebhookStored,
  'stored-webhook-applied': storedWebhookApplied,
  'acked-order-answered': ackedOrderAnswered,
  'captured-once': capturedOnce,
  'refunded-once': refundedOnce,
  'released-once': releasedOnce,
  'released-after-capture': releasedAfterCapture,
  'released-when-paid': releasedWhenPaid,
  'versions-gapless': versionsGapless,
  'positions-gapless': positionsGapless,
  'chains-verify': chainsVerify,
  'log-equals-topic': logEqualsTopic,
  'live-equals-rebuilt': liveEqualsRebuilt,
  'ledger-balanced': ledgerBalanced,
  'nothing-stuck': nothingStuck,
  'nothing-parked': nothingParked,
  'state-as-the-gateway-says': stateAsTheGatewaySays,
};

/** Looks at everything, and says which promises are broken. The system should be still. */
export async function judge(witness: Witness): Promise<Violation[]> {
  return violationsIn(await gatherAtRest(witness), witness);
}

/** The same of evidence that was gathered before: pure. */
export function violationsIn(evidence: Evidence, promised: Promised): Violation[] {
  return Object.entries(CHECKS).flatMap(([invariant, check]) =>
    violationOf(invariant as Invariant, check(evidence, promised)),
  );
}

const EXAMPLES_MAX = 5;

export function violationOf(invariant: Invariant, found: readonly string[]): Violation[] {
  if (found.length === 0) return [];
  if (found.length <= EXAMPLES_MAX) return [{ invariant, examples: [...found] }];
  const shown = found.slice(0, EXAMPLES_MAX - 1);
  return [{ invariant, examples: [...shown, `and ${found.length - shown.length} more`] }];
}
