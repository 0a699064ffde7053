import type { AckedOrder, AckedRequest } from '../../witness.js';
import type { Evidence, IntentMessage, PaymentState } from '../evidence.js';
import { operationIdOf } from '../ids.js';
import { type Check, groupedBy, moment } from './check.js';

/**
 * `acked-order-answered`: an order that was taken has an intent and an outcome, or a refusal; so has what was asked for
 * afterwards; and whatever intent recorded is in the payment's history.
 */
export const ackedOrderAnswered: Check = (evidence, { acked }) => {
  const known: Known = {
    said: groupedBy(evidence.intentMessages, ({ paymentId }) => paymentId),
    states: new Map(evidence.projected.map(({ paymentId, state }) => [paymentId, state])),
    shipped: new Set(
      acked.requests.filter(({ kind }) => kind === 'capture').map(({ paymentId }) => paymentId),
    ),
  };
  return [
    ...acked.orders.flatMap((order) => orderProblem(order, known)),
    ...acked.requests.flatMap((request) => requestProblem(request, known)),
    ...unheard(evidence),
  ];
};

interface Known {
  readonly said: ReadonlyMap<string, readonly IntentMessage[]>;
  readonly states: ReadonlyMap<string, PaymentState>;
  /** Payments of which the storefront had something captured. */
  readonly shipped: ReadonlySet<string>;
}

function orderProblem(order: AckedOrder, { said, states }: Known): string[] {
  const messages = said.get(order.paymentId) ?? [];
  const about = `order ${order.orderId}/${order.attempt} (${order.paymentId}), taken by ${order.channel} at ${moment(order.at)},`;
  if (messages.some(({ type }) => type === 'IntentAccepted')) {
    const state = states.get(order.paymentId);
    if (!state) return [`${about} was accepted, and payment-state knows nothing of it`];
    return state.label === 'initialized' ? [`${about} was accepted, and nothing came of it`] : [];
  }
  const refused = messages.some(
    ({ type, data }) =>
      type === 'IntentConflicted' ||
      (type === 'IntentRefused' && data.operation === 'authorization'),
  );
  return refused ? [] : [`${about} has neither an intent nor a refusal`];
}

/** What may still be on its way, or was never begun. */
const OPEN: ReadonlySet<string> = new Set(['requested', 'unknown', 'pending']);

function requestProblem(request: AckedRequest, { said, states, shipped }: Known): string[] {
  const { kind, orderId, paymentId, reference } = request;
  const state = states.get(paymentId);
  const messages = said.get(paymentId) ?? [];
  const about = `${kind} ${reference ?? ''} of ${orderId} (${paymentId}), promised by ${request.channel} at ${moment(request.at)},`;
  const refused = messages.some(
    ({ type, data }) =>
      type === 'IntentRefused' &&
      (kind === 'cancel' || data.operation === kind) &&
      data.reference === reference,
  );
  if (refused) return [];
  if (!state) return [`${about} is about a payment that nobody knows`];
  // What was shipped before the rest was voided stays paid.
  if (kind === 'void' && shipped.has(paymentId)) return letsGo(about, state);
  if (kind === 'cancel' || kind === 'void') return givesBack(about, state);
  const operation = operationIdOf(paymentId, kind, reference ?? '');
  const found = state.operations.find(({ id }) => id === operation);
  if (!found) return [`${about} left no operation (${operation}) and no refusal`];
  return OPEN.has(found.status) ? [`${about} is still ${found.status}`] : [];
}

/** The customer keeps the money, or has it back. */
function givesBack(about: string, state: PaymentState): string[] {
  const { captured, refunded } = state.amounts;
  const kept = BigInt(captured) - BigInt(refunded);
  return kept > 0n ? [`${about} left ${kept} with the merchant`] : letsGo(about, state);
}

/** Nothing is held any more. */
function letsGo(about: string, { amounts }: PaymentState): string[] {
  const held = BigInt(amounts.authorized) - BigInt(amounts.captured) - BigInt(amounts.voided);
  return held > 0n ? [`${about} left ${held} held`] : [];
}

function unheard({ intentMessages, logs }: Evidence): string[] {
  const heard = new Set(
    logs
      .filter(({ place }) => place.schema === 'payments')
      .flatMap(({ rows }) => rows.map(({ id }) => id)),
  );
  return intentMessages.flatMap(({ paymentId, type, data }) => {
    const id = data.fact?.id;
    if (id === undefined || heard.has(id)) return [];
    return [`fact ${id} (${type}) that intent recorded is not among the events of ${paymentId}`];
  });
}
