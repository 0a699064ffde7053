import { type Attempt, type Splits, type Storefront } from './storefront.js';

/** What becomes of an order, as its storefront and its shopper play it. */
export interface Story {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  readonly paymentMethod: string;
  readonly captureMode: 'automatic' | 'manual';
  /** Who shares in it. */
  readonly splits?: Splits;
  /** After it was placed. Ends when the storefront has nothing left to ask for. */
  readonly goOn?: (order: Attempt, shop: Storefront, bank: Bank) => Promise<void>;
}

/** The bank's page, on which the shopper decides. */
export interface Bank {
  approve(order: Attempt): Promise<void>;
}

const VISA = 'pm_card_visa';

/** Both are participants of the local account. */
const SHARED: Splits = [
  { participant: 'seller', basisPoints: 8_000 },
  { participant: 'courier', basisPoints: 667 },
];

const authorized = ({ label }: { label: string }) => label === 'authorized';
const captured = ({ label }: { label: string }) => label === 'captured';

const nothing: NonNullable<Story['goOn']> = async () => {};

const capture: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, authorized))) return;
  await shop.capture(order, `ship-${order.orderId}`);
};

const partlyCaptured = ({ label }: { label: string }) => label === 'partially_captured';

const capturePart: NonNullable<Story['goOn']> = async (order, shop) => {
  if (!(await shop.until(order, authorized))) return;
  await shop.capture(order, `ship-1-${order.orderId}`, Math.floor(order.minor / 3));
};

const captureInParts: Story['goOn'] = async (order, shop, bank) => {
  await capturePart(order, shop, bank);
  if (!(await shop.until(order, partlyCaptured))) return;
  await shop.capture(order, `ship-2-${order.orderId}`);
};

const captureThenVoid: Story['goOn'] = async (order, shop, bank) => {
  await capturePart(order, shop, bank);
  if (!(await shop.until(order, partlyCaptured))) return;
  await shop.void(order);
};

/** The cancelation comes while the capture is on its way: whichever wins, the customer keeps the money. */
const captureAndCancel: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, authorized))) return;
  await shop.capture(order, `ship-${order.orderId}`);
  await shop.cancel(order);
};

const refundAll: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, captured))) return;
  await shop.refund(order, `refund-${order.orderId}`);
};

const refundPart: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, captured))) return;
  await shop.refund(order, `refund-${order.orderId}`, Math.floor(order.minor / 3));
};

const refundInParts: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, captured))) return;
  const part = Math.floor(order.minor / 3);
  await shop.refund(order, `refund-1-${order.orderId}`, part);
  await shop.refund(order, `refund-2-${order.orderId}`, part);
};

const voidIt: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, authorized))) return;
  await shop.void(order);
};

const cancelHeld: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, authorized))) return;
  await shop.cancel(order);
};

const cancelPaid: Story['goOn'] = async (order, shop) => {
  if (!(await shop.until(order, captured))) return;
  await shop.cancel(order);
};

const secondAttempt: Story['goOn'] = async (order, shop) => {
  await shop.until(order, ({ final }) => final);
  const next = { ...order, attempt: order.attempt + 1 };
  await shop.place(next, { captureMode: 'automatic', paymentMethod: VISA });
};

const placedAgain: Story['goOn'] = async (order, shop) => {
  await shop.place(order, { captureMode: 'automatic', paymentMethod: VISA });
};

const approve: Story['goOn'] = (order, _shop, bank) => bank.approve(order);

/** Everything that ends by itself within seconds. */
export const STORIES: readonly Story[] = [
  automatic('paid at once', VISA, 20),
  manual('captured when ready', VISA, 12, capture),
  manual('voided', VISA, 4, voidIt),
  manual('cancelled while held', VISA, 4, cancelHeld),
  automatic('cancelled when paid', VISA, 4, cancelPaid),
  automatic('refunded', VISA, 5, refundAll),
  automatic('refunded in part', VISA, 5, refundPart),
  automatic('refunded in parts', VISA, 4, refundInParts),
  automatic('declined', 'pm_card_chargeDeclined', 4),
  automatic('declined, then paid', 'pm_card_chargeDeclinedInsufficientFunds', 4, secondAttempt),
  automatic('placed twice', VISA, 3, placedAgain),
  automatic('approved at the bank', 'pm_card_authenticationRequired', 3, approve),
  automatic('refund pends', 'pm_card_pendingRefund', 2, refundPart),
  automatic('answer lost', 'pm_sandbox_commitThenTimeout', 8),
  manual('answer to the capture lost', 'pm_sandbox_captureTimeout', 8, capture),
  automatic('answer to the refund lost', 'pm_sandbox_refundTimeout', 6, refundAll),
  manual('answer to the void lost', 'pm_sandbox_cancelTimeout', 3, voidIt),
  automatic('error after the money moved', 'pm_sandbox_errorAfterCommit', 3),
  automatic('told to come later', 'pm_sandbox_rateLimited', 3),
  automatic('slow', 'pm_sandbox_slow', 2),
  manual('captured in parts', VISA, 5, captureInParts),
  manual('captured in part, the rest voided', VISA, 4, captureThenVoid),
  manual('cancelled while it is captured', 'pm_sandbox_slowCapture', 4, captureAndCancel),
  manual('its hold ran out', 'pm_sandbox_expires', 2, nothing),
  automatic('disputed and won', 'pm_sandbox_disputeWon', 3),
  automatic('disputed and lost', 'pm_sandbox_disputeLost', 3),
  automatic('won, then lost on appeal', 'pm_sandbox_disputeAppealed', 2),
  automatic('debit that took its time', 'pm_usBankAccount_success', 3),
  automatic('debit that was refused', 'pm_usBankAccount_insufficientFunds', 2),
  automatic('debit that came back', 'pm_usBankAccount_dispute', 2),
  shared('shared in', VISA, 3),
  shared('shared in, refunded in parts', VISA, 3, refundInParts),
  shared('shared in, the answer lost', 'pm_sandbox_commitThenTimeout', 2, refundAll),
  automatic('webhooks twice', 'pm_sandbox_webhooksDuplicated', 4),
  automatic('webhooks varied', 'pm_sandbox_webhooksVaried', 4),
  automatic('webhooks in any order', 'pm_sandbox_webhooksReordered', 6, refundPart),
  automatic('a webhook signed wrongly', 'pm_sandbox_webhookBadSignature', 2),
];

function automatic(
  name: string,
  paymentMethod: string,
  weight: number,
  goOn?: Story['goOn'],
): Story {
  return { name, paymentMethod, weight, captureMode: 'automatic', ...(goOn && { goOn }) };
}

function shared(...story: Parameters<typeof automatic>): Story {
  return { ...automatic(...story), splits: SHARED };
}

function manual(name: string, paymentMethod: string, weight: number, goOn: Story['goOn']): Story {
  return { name, paymentMethod, weight, captureMode: 'manual', ...(goOn && { goOn }) };
}
