import { isDecline, isPaidOut } from './drive.js';
import type { End, Goods, Next, Scenario, Seen, Step } from './scenario.js';

const VISA = 'pm_card_visa';
const AGAIN: Step = { do: 'place', attempt: 1 };
const WITH_OTHER_AMOUNT: Step = { do: 'place', attempt: 1, moreMinor: 100n };
const SECOND: Step = { do: 'place', attempt: 2, paymentMethod: VISA };

const RELEASED: Goods = 'FulfillmentReleased';
const CAPTURED: End = {
  labels: ['captured'],
  captured: 'all',
  refunded: 'none',
  goods: RELEASED,
};
const NO_MONEY = { captured: 'none', refunded: 'none', goods: 'FulfillmentCancelled' } as const;
const FAILED: End = { ...NO_MONEY, labels: ['failed'], declined: true };
const REFUNDED: End = {
  labels: ['refunded'],
  captured: 'all',
  refunded: 'all',
  goods: 'FulfillmentRecalled',
};
const HALF_REFUNDED: End = { ...CAPTURED, labels: ['partially_refunded'], refunded: 'half' };
const VOIDED: End = {
  labels: ['voided'],
  captured: 'none',
  refunded: 'none',
  goods: 'FulfillmentCancelled',
};
const CHARGED_BACK: End = { ...CAPTURED, labels: ['charged_back'], goods: 'FulfillmentRecalled' };

const nothing = (): Next => 'over';

/** One step after the other, each once, as soon as its condition holds. */
function steps(...plan: readonly (readonly [Step, (seen: Seen) => boolean])[]) {
  return (seen: Seen): Next => {
    const due = plan.find(([step]) => !seen.did(step));
    if (due === undefined) return 'over';
    const [step, when] = due;
    return when(seen) ? step : 'wait';
  };
}

const atOnce = () => true;
const accepted = ({ last }: Seen) => last.state !== undefined;
const authorized = ({ last }: Seen) => last.state?.label === 'authorized';
const pending = ({ last }: Seen) => last.state?.label === 'pending';
const released = ({ last }: Seen) => last.goods.at(-1) === RELEASED;
/** The gateway has done it, and we don't know, or have only heard. */
const captureCalled = ({ last }: Seen) =>
  last.state?.operations.some(
    ({ kind, status }) => kind === 'capture' && (status === 'unknown' || status === 'succeeded'),
  ) === true;
const partlyCaptured = ({ last }: Seen) => last.state?.label === 'partially_captured';
const disputed = ({ last }: Seen) => last.state?.label === 'disputed';
const cameBack = ({ last }: Seen) =>
  last.state?.operations.some(({ kind, status }) => kind === 'capture' && status === 'reversed') ===
  true;
const inReview = ({ last }: Seen) =>
  last.state?.held === true &&
  last.state.operations.some(({ kind, reason }) => kind === 'hold' && reason === 'review');
const won = ({ last }: Seen) => last.state?.disputeStatus?.outcome === 'won';
const refusedAs =
  (reason: string) =>
  ({ last }: Seen) =>
    last.refused.some((each) => each.reason === reason);
const declined = ({ last }: Seen) => last.refused.some(isDecline);

const whenReady: Step = { do: 'ready_to_ship' };
const halfReady: Step = { do: 'ready_to_ship', part: 'half', more: true };
const halfOnly: Step = { do: 'ready_to_ship', part: 'half' };
const approveReview: Step = { do: 'at_gateway', act: 'approve_review' };
const dispute: Step = { do: 'at_gateway', act: 'open_dispute' };
const win: Step = { do: 'at_gateway', act: 'win_dispute' };
const lose: Step = { do: 'at_gateway', act: 'lose_dispute' };
const appeal: Step = { do: 'at_gateway', act: 'appeal_dispute' };

/** Everything a storefront, a shopper, a card and a gateway do here. Names are stable: checks read them. */
export const SCENARIOS: readonly Scenario[] = [
  automatic('automatic_capture', VISA, { weight: 60 }),
  manual('capture_later', steps([whenReady, authorized]), CAPTURED, { weight: 16 }),
  manual('void', steps([{ do: 'void' }, authorized]), VOIDED, { weight: 6 }),
  automatic('declined_then_second_attempt', 'pm_card_chargeDeclinedInsufficientFunds', {
    weight: 8,
    next: steps([SECOND, declined]),
    end: { ...CAPTURED, labels: ['failed', 'captured'] },
  }),
  automatic('declined', 'pm_card_chargeDeclined', { weight: 6, end: FAILED }),
  automatic('3ds_approved', 'pm_card_authenticationRequired', {
    weight: 8,
    next: steps([{ do: 'approve' }, pending]),
  }),
  automatic('3ds_refused', 'pm_card_authenticationRequired', {
    weight: 5,
    next: steps([{ do: 'refuse' }, pending]),
    end: FAILED,
  }),
  automatic('3ds_abandoned', 'pm_card_authenticationRequired', {
    weight: 4,
    slow: true,
    end: { ...NO_MONEY, labels: ['canceled'] },
  }),
  automatic('3ds_approved_then_declined', 'pm_card_threeDSecureRequiredChargeDeclined', {
    weight: 3,
    next: steps([{ do: 'approve' }, pending]),
    end: FAILED,
  }),
  automatic('refund_full', VISA, {
    weight: 8,
    next: steps([{ do: 'refund', part: 'all' }, released]),
    end: REFUNDED,
  }),
  automatic('refund_partial', VISA, {
    weight: 8,
    next: steps([{ do: 'refund', part: 'half' }, released]),
    end: HALF_REFUNDED,
  }),
  automatic('refund_pending', 'pm_card_pendingRefund', {
    weight: 3,
    next: steps([{ do: 'refund', part: 'half' }, released]),
    end: HALF_REFUNDED,
  }),
  automatic('refund_fails_later', 'pm_card_refundFail', {
    weight: 3,
    next: steps([{ do: 'refund', part: 'half' }, released]),
    end: {
      ...CAPTURED,
      operation: { kind: 'refund', status: 'reversed' },
      told: ['refund_failed'],
    },
  }),
  automatic('commit_then_timeout', 'pm_sandbox_commitThenTimeout', {
    weight: 6,
    end: { ...CAPTURED, events: ['AuthorizationUnknown'] },
  }),
  manual(
    'capture_timeout',
    steps([whenReady, authorized]),
    { ...CAPTURED, events: ['CaptureUnknown'] },
    { weight: 4, paymentMethod: 'pm_sandbox_captureTimeout' },
  ),
  automatic('refund_timeout', 'pm_sandbox_refundTimeout', {
    weight: 4,
    next: steps([{ do: 'refund', part: 'all' }, released]),
    end: { ...REFUNDED, events: ['RefundUnknown'] },
  }),
  automatic('error_after_commit', 'pm_sandbox_errorAfterCommit', {
    weight: 3,
    end: { ...CAPTURED, events: ['AuthorizationUnknown'] },
  }),
  automatic('rate_limited', 'pm_sandbox_rateLimited', {
    weight: 3,
    end: { ...CAPTURED, events: ['AuthorizationNotAttempted'] },
  }),
  automatic('webhooks_duplicated', 'pm_sandbox_webhooksDuplicated', {
    weight: 6,
    end: { ...CAPTURED, webhooks: 'duplicated' },
  }),
  automatic('webhooks_reordered', 'pm_sandbox_webhooksReordered', {
    weight: 6,
    end: { ...CAPTURED, webhooks: 'reordered' },
  }),
  automatic('webhooks_varied', 'pm_sandbox_webhooksVaried', {
    weight: 6,
    end: { ...CAPTURED, webhooks: 'varied' },
  }),
  automatic('webhook_wrongly_signed', 'pm_sandbox_webhookBadSignature', {
    weight: 4,
    end: { ...CAPTURED, webhooks: 'wrongly_signed' },
  }),
  automatic('placed_twice', VISA, { weight: 5, next: steps([AGAIN, atOnce]) }),
  automatic('placed_twice_other_amount', VISA, {
    weight: 4,
    next: steps([WITH_OTHER_AMOUNT, accepted]),
    end: { ...CAPTURED, conflicts: 1 },
  }),
  manual('cancelled_before_capture', steps([{ do: 'cancel' }, authorized]), VOIDED, { weight: 5 }),
  automatic('cancelled_after_capture', VISA, {
    weight: 5,
    next: steps([{ do: 'cancel' }, released]),
    end: REFUNDED,
  }),
  manual(
    'captured_in_two_parts',
    steps([halfReady, authorized], [whenReady, partlyCaptured]),
    { ...CAPTURED, told: ['payment_received'] },
    { weight: 4 },
  ),
  manual(
    'partial_capture_then_void',
    steps([halfReady, authorized], [{ do: 'void' }, partlyCaptured]),
    { ...CAPTURED, captured: 'half', goods: undefined },
    { weight: 4 },
  ),
  manual(
    'partial_capture_lets_the_rest_go',
    steps([halfOnly, authorized]),
    { ...CAPTURED, captured: 'half', goods: undefined },
    { weight: 3 },
  ),
  manual(
    'cancel_loses_the_race',
    steps([whenReady, authorized], [{ do: 'cancel' }, captureCalled]),
    // Whether the capture or the cancelation is heard first decides whether they had gone.
    { ...REFUNDED, goods: ['FulfillmentCancelled', 'FulfillmentRecalled'] },
    { weight: 3, paymentMethod: 'pm_sandbox_captureTimeout' },
  ),
  automatic('bank_debit', 'pm_usBankAccount_success', {
    weight: 2,
    end: { ...CAPTURED, told: ['payment_pending'] },
  }),
  automatic('late_failure_recovered', 'pm_sandbox_failsLater', {
    weight: 2,
    next: steps([{ do: 'at_gateway', act: 'pay_again' }, cameBack]),
    end: {
      ...CAPTURED,
      // Called back, unless it is paid again before anybody has looked.
      goods: ['FulfillmentRecalled', 'FulfillmentReleased'],
      told: ['payment_pending', 'payment_returned'],
    },
  }),
  automatic('foreign_refund', VISA, {
    weight: 2,
    next: steps([{ do: 'at_gateway', act: 'refund_half' }, released]),
    end: HALF_REFUNDED,
  }),
  automatic('bank_debit_refused', 'pm_usBankAccount_insufficientFunds', {
    weight: 2,
    end: { ...FAILED, told: ['payment_pending'] },
  }),
  manual(
    'review_held_then_released',
    steps([whenReady, inReview], [approveReview, inReview]),
    CAPTURED,
    { weight: 2, paymentMethod: 'pm_sandbox_review' },
  ),
  automatic('split_payment_refunded', VISA, {
    weight: 3,
    shared: {
      splits: [
        { participant: 'seller', basisPoints: 8_000 },
        { participant: 'courier', basisPoints: 667 },
      ],
      platformFee: { basisPoints: 750 },
    },
    next: steps([
      { do: 'refund', part: 'half' },
      (seen) => released(seen) && isPaidOut(seen.last.state),
    ]),
    end: { ...HALF_REFUNDED, paidOut: true, events: ['ParticipantPayoutReversalSucceeded'] },
  }),
  automatic('dispute_won', VISA, {
    weight: 3,
    next: steps([dispute, released], [win, disputed]),
  }),
  automatic('dispute_lost', VISA, {
    weight: 3,
    next: steps([dispute, released], [lose, disputed]),
    end: CHARGED_BACK,
  }),
  automatic('dispute_won_then_lost_on_appeal', VISA, {
    weight: 2,
    next: steps([dispute, released], [win, disputed], [appeal, won], [lose, disputed]),
    end: CHARGED_BACK,
  }),
  automatic('refund_refused_while_disputed', VISA, {
    weight: 2,
    next: steps(
      [dispute, released],
      [{ do: 'refund', part: 'half', heard: 'disputed' }, disputed],
      [win, refusedAs('disputed')],
    ),
    end: { ...CAPTURED, refusals: ['disputed'] },
  }),
];

/** Placed with an amount nobody can read; an operator mends it. */
export const POISONED_ORDER: Scenario = automatic('poison_storefront_orders', VISA, { weight: 0 });

type Rest = Pick<Scenario, 'weight'> & Partial<Omit<Scenario, 'name' | 'captureMode'>>;

function automatic(name: string, paymentMethod: string, rest: Rest): Scenario {
  return { name, captureMode: 'automatic', paymentMethod, next: nothing, end: CAPTURED, ...rest };
}

function manual(name: string, next: Scenario['next'], end: End, rest: Rest): Scenario {
  return { name, captureMode: 'manual', paymentMethod: VISA, next, end, ...rest };
}
