import type { Evidence, PaymentState, TrueIntent } from '../evidence.js';
import { type Check, groupedBy } from './check.js';
import { passedOnIn } from './passed-on.js';

/** Under which name our calls write our ids on the gateway's objects: see fields.md of the Stripe adapter. */
const PAYMENT = 'paylog_payment';
const REFUND = 'paylog_operation_refund';
const TRANSFER = 'paylog_operation_transfer';

/** `captured-once`: by the gateway's own account, no payment and no order was charged twice. */
export const capturedOnce: Check = ({ truth, projected }) => {
  const orders = new Map(
    projected.flatMap(({ paymentId, state: { terms } }) =>
      terms ? [[paymentId, `${terms.storefront}/${terms.orderId}`]] : [],
    ),
  );
  const byPayment = groupedBy(truth.intents, paymentOf);
  return [
    ...[...byPayment].flatMap(([payment, intents]) => chargedTwice(payment, intents)),
    ...truth.intents.flatMap(overcharged),
    ...repeatedCaptures(truth),
    ...ordersChargedTwice(byPayment, orders),
  ];
};

function chargedTwice(payment: string, intents: readonly TrueIntent[]): string[] {
  const tell = (some: readonly TrueIntent[]) => some.map(({ id }) => id).join(', ');
  const captured = intents.filter(({ amountReceived }) => amountReceived > 0);
  if (captured.length > 1) return [`payment ${payment} was captured through ${tell(captured)}`];
  const authorized = intents.filter(({ authorizations }) => authorizations > 0);
  if (authorized.length > 1) {
    return [`payment ${payment} was authorized through ${tell(authorized)}`];
  }
  return [];
}

function overcharged({ id, metadata, amount, amountReceived, authorizations }: TrueIntent) {
  const about = `${id} (payment ${metadata[PAYMENT]})`;
  if (amountReceived > amount) return [`${about} took ${amountReceived} of ${amount}`];
  return authorizations > 1 ? [`${about} was authorized ${authorizations} times`] : [];
}

function repeatedCaptures({ effects }: Evidence['truth']): string[] {
  const keyed = effects.filter(
    ({ kind, idempotencyKey }) => kind === 'captured' && idempotencyKey !== null,
  );
  const groups = groupedBy(keyed, ({ idempotencyKey }) => idempotencyKey);
  return [...groups]
    .filter(([, some]) => some.length > 1)
    .map(
      ([key, some]) =>
        `the capture ${key} was done ${some.length} times, on ${some.map(({ object }) => object).join(', ')}`,
    );
}

function ordersChargedTwice(
  byPayment: ReadonlyMap<string, readonly TrueIntent[]>,
  orders: ReadonlyMap<string, string>,
): string[] {
  const charged = [...byPayment].flatMap(([payment, intents]) => {
    const kept = intents.some((one) => one.amountReceived > one.amountRefunded);
    const order = orders.get(payment);
    return kept && order !== undefined ? [{ payment, order }] : [];
  });
  return [...groupedBy(charged, ({ order }) => order)]
    .filter(([, some]) => some.length > 1)
    .map(
      ([order, some]) =>
        `order ${order} was charged by ${some.map(({ payment }) => payment).join(' and ')}`,
    );
}

/** `refunded-once`: nothing was given back twice, and never more than was taken. */
export const refundedOnce: Check = ({ truth }) => [
  ...truth.intents
    .filter(({ amountRefunded, amountReceived }) => amountRefunded > amountReceived)
    .map(
      ({ id, metadata, amountRefunded, amountReceived }) =>
        `${id} (payment ${metadata[PAYMENT]}) gave back ${amountRefunded} of ${amountReceived}`,
    ),
  ...repeatedRefunds(truth.intents),
  ...repeatedTransfers(truth.intents),
];

function repeatedRefunds(intents: readonly TrueIntent[]): string[] {
  const standing = intents
    .flatMap(({ refunds }) => refunds)
    .filter(({ status, metadata }) => status !== 'failed' && metadata[REFUND] !== undefined);
  return [...groupedBy(standing, ({ metadata }) => metadata[REFUND])]
    .filter(([, some]) => some.length > 1)
    .map(
      ([operation, some]) =>
        `the refund ${operation} was done ${some.length} times: ${some.map(({ id, amount }) => `${id} of ${amount}`).join(', ')}`,
    );
}

function repeatedTransfers(intents: readonly TrueIntent[]): string[] {
  const sent = intents.flatMap(({ transfers }) => transfers);
  return [...groupedBy(sent, ({ metadata, id }) => metadata[TRANSFER] ?? id)]
    .filter(([, some]) => some.length > 1)
    .map(
      ([operation, some]) =>
        `the payout ${operation} was done ${some.length} times: ${some.map(({ id, amount }) => `${id} of ${amount}`).join(', ')}`,
    );
}

/** `state-as-the-gateway-says`: every payment ends as the money at the gateway demands. */
export const stateAsTheGatewaySays: Check = ({ truth, projected }) => {
  const states = new Map(projected.map(({ paymentId, state }) => [paymentId, state]));
  const byPayment = groupedBy(truth.intents, paymentOf);
  const known = [...byPayment].flatMap(([payment, intents]) => {
    const state = states.get(payment);
    if (!state) return [`payment ${payment} is at the gateway (${intents[0]?.id}), not with us`];
    return intents.length > 1 ? [] : disagreements(payment, state, intents[0] as TrueIntent);
  });
  const unknown = projected
    .filter(({ paymentId }) => !byPayment.has(paymentId))
    // A line that a report was planted with: in the books with its exception, as anything a gateway tells.
    .filter(({ state: { origin } }) => origin === undefined)
    .filter(({ state: { amounts } }) => Object.values(amounts).some((minor) => minor !== '0'))
    .map(({ paymentId, state }) => {
      return `payment ${paymentId} is ${state.label} with ${JSON.stringify(state.amounts)}, and the gateway knows nothing of it`;
    });
  const ofOurs = new Set(
    truth.intents
      .filter(({ metadata }) => metadata[PAYMENT] !== undefined)
      .flatMap(({ id, charges }) => [id, ...charges.map((charge) => charge.id)]),
  );
  const takenForForeign = projected
    .filter(({ state: { origin } }) => origin !== undefined && ofOurs.has(origin.object))
    .map(({ paymentId, state }) => {
      return `payment ${paymentId} is said to be of nobody, and ${state.origin?.object} is of ours`;
    });
  return [...known, ...unknown, ...takenForForeign];
};

function disagreements(payment: string, state: PaymentState, intent: TrueIntent): string[] {
  const pairs = [
    ['authorized', intent.authorizations > 0 ? intent.amount : 0],
    ['captured', intent.amountReceived],
    ['refunded', intent.amountRefunded],
    ['voided', intent.amountReleased],
    ['disputed', takenBy(intent, ({ status }) => !LOST.has(status))],
    ['chargedBack', takenBy(intent, ({ status }) => LOST.has(status))],
  ] as const;
  const found = pairs
    .map(([what, minor]) => [what, state.amounts[what] ?? '0', String(minor)] as const)
    .filter(([, ours, theirs]) => ours !== theirs)
    .map(([what, ours, theirs]) => `${what} ${ours} with us, ${theirs} at the gateway`);
  const passedOn = intent.transfers.reduce((sum, each) => sum + each.amount - each.reversed, 0);
  const byUs = passedOnIn(state.operations);
  if (byUs !== BigInt(passedOn)) {
    found.push(`passed on ${byUs} with us, ${passedOn} at the gateway`);
  }
  const labels = labelsOf(intent);
  if (!labels.includes(state.label)) {
    found.push(`${state.label} with us, ${labels.join(' or ')} by the gateway`);
  }
  if (state.currency !== undefined && state.currency !== intent.currency.toUpperCase()) {
    found.push(`${state.currency} with us, ${intent.currency} at the gateway`);
  }
  return found.map((difference) => `payment ${payment} (${intent.id}): ${difference}`);
}

type TrueDispute = TrueIntent['disputes'][number];

const LOST: ReadonlySet<string> = new Set(['lost', 'prevented']);

function takenBy({ disputes }: TrueIntent, which: (dispute: TrueDispute) => boolean): number {
  return disputes
    .filter(which)
    .reduce((sum, { withdrawn, reinstated }) => sum + withdrawn - reinstated, 0);
}

/** What a payment may be called, by what its PaymentIntent did to money. */
function labelsOf(intent: TrueIntent): string[] {
  const { amountReceived, amountRefunded, amountReleased, amountCapturable, status } = intent;
  const lost = takenBy(intent, ({ status }) => LOST.has(status));
  if (lost > 0 && lost >= amountReceived - amountRefunded) return ['charged_back'];
  if (takenBy(intent, ({ status }) => !LOST.has(status)) > 0) return ['disputed'];
  if (amountRefunded > 0) {
    return [amountRefunded >= amountReceived ? 'refunded' : 'partially_refunded'];
  }
  if (amountReceived > 0) return [amountCapturable > 0 ? 'partially_captured' : 'captured'];
  if (amountReleased > 0) return [intent.cancellationReason === 'automatic' ? 'expired' : 'voided'];
  if (status === 'canceled') {
    return intent.charges.some((charge) => charge.status === 'failed')
      ? ['failed']
      : ['failed', 'canceled', 'expired'];
  }
  return status === 'requires_capture' ? ['authorized'] : ['pending', 'initialized'];
}

const paymentOf = ({ metadata, id }: TrueIntent) => metadata[PAYMENT] ?? id;
