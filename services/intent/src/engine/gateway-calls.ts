import type { Call, GatewayAnswer, GatewayClient, ParticipantPayouts } from '@paylog/gateways';
import type { Money, TermsFact } from '@paylog/payment-domain';
import { isIncrement } from '../intent/decide-capture.js';
import { MORE_FOLLOW } from '../intent/decision.js';
import { operations } from '../intent/operations.js';
import { statusOf, type Known, type OwnOperation } from '../intent/state.js';
import type { BesideLog } from '../intent/known.sql.js';
import type { Action } from './action.js';

type CallAction = Extract<Action, { type: 'call' }>;

/** One call, built from what is stored only: a repeat with the same key sends the same. */
export function callGateway(
  client: GatewayClient,
  action: CallAction,
  known: Known,
  beside: BesideLog,
): Promise<GatewayAnswer> {
  const { intent } = known;
  const { paymentId } = intent;
  const terms = termsOf(known);
  const common = { paymentId, operationId: action.operation, call: action.number };
  const own = intent.own.find((each) => each.id === action.operation);
  const amount = own?.asked ?? terms.amount;
  switch (action.call) {
    case 'authorize':
      return client.authorize({
        ...common,
        sessionOperationId: operations.session(paymentId),
        ...(terms.captureMode === 'automatic'
          ? { captureOperationId: operations.automaticCapture(paymentId) }
          : {}),
        amount,
        captureMode: terms.captureMode,
        paymentMethod: beside.paymentMethod ?? '',
        ...(beside.customerReference === null
          ? {}
          : { customerReference: beside.customerReference }),
        ...(beside.returnUrl === null ? {} : { returnUrl: beside.returnUrl }),
        description: terms.orderId,
        ...(terms.splits ? { shared: true } : {}),
      });
    case 'increment':
      return client.increment({
        ...common,
        containerId: containerOf(known),
        amount,
        total: totalWith(action.operation, known),
      });
    case 'capture':
      return client.capture({
        ...common,
        containerId: containerOf(known),
        amount,
        ...(own?.reason === MORE_FOLLOW ? { final: false } : {}),
      });
    case 'cancel':
      return client.cancel({
        ...common,
        containerId: containerOf(known),
        sessionOperationId: operations.session(paymentId),
        reason: action.reason === 'abandoned' ? 'abandoned' : 'requested_by_customer',
      });
    case 'refund':
      return client.refund({ ...common, containerId: containerOf(known), amount });
    case 'pay_out':
      return payoutsOf(client).payOut({
        ...common,
        amount,
        participant: own?.participant ?? '',
        ...(own?.parent === undefined ? {} : { authorizationId: own.parent }),
      });
    case 'take_back':
      return payoutsOf(client).takeBack({
        ...common,
        amount,
        participant: own?.participant ?? '',
        payoutId: nameOf(own?.parent, known) ?? '',
      });
  }
}

/** Asks what became of an operation; moves nothing. */
export function lookUp(
  client: GatewayClient,
  operation: OwnOperation,
  known: Known,
): Promise<GatewayAnswer> {
  const { intent } = known;
  const { paymentId, containerId } = intent;
  // The stream's version: rises with every fact, so that no two lookups that tell something share a number.
  const call = intent.version;
  const { kind: moved, parent } = operation;
  if (moved === 'participant_payout' || moved === 'participant_payout_reversal') {
    const payoutId = nameOf(moved === 'participant_payout' ? operation.id : parent, known);
    return payoutsOf(client).lookup({
      paymentId,
      operationId: operation.id,
      kind: moved,
      call,
      ...(payoutId === undefined ? {} : { payoutId }),
    });
  }
  if (operation.kind === 'refund') {
    const refundId = intent.aliases.get(operation.id)?.[0];
    return client.lookupRefund({
      paymentId,
      operationId: operation.id,
      call,
      containerId: containerOf(known),
      ...(refundId === undefined ? {} : { refundId }),
    });
  }
  // The capture of an automatic authorization is answered for together with it.
  const automatic = operation.id === operations.automaticCapture(paymentId);
  const asked = automatic ? operations.authorization(paymentId) : operation.id;
  const kind = automatic ? 'authorization' : operation.kind;
  const increments = isIncrement(operation, known);
  return client.lookupPayment({
    paymentId,
    operationId: asked,
    kind: increments ? 'increment' : kind === 'capture' || kind === 'void' ? kind : 'authorization',
    ...(increments && operation.asked ? { amount: operation.asked } : {}),
    call,
    ...(containerId === undefined ? {} : { containerId }),
    firstCalledAt: operation.calls[0]?.at ?? operation.requestedAt,
  });
}

/** What is to be authorized in all: the increments before this one are over, so that a repeat says the same. */
function totalWith(operation: string, known: Known): Money {
  const { terms, own } = known.intent;
  const index = own.findIndex(({ id }) => id === operation);
  const won = own.filter(
    (each, at) =>
      at <= index &&
      isIncrement(each, known) &&
      (at === index || statusOf(known, each.id) === 'succeeded'),
  );
  const { minor, currency } = terms?.amount ?? { minor: 0n, currency: '' };
  return { minor: won.reduce((sum, { asked }) => sum + (asked?.minor ?? 0n), minor), currency };
}

/** Of an account that passes no shares on any more nothing is asked until somebody names its participants again. */
function payoutsOf({ participants, account }: GatewayClient): Omit<ParticipantPayouts, 'reaches'> {
  const notAsked = (kind: Call['kind'], source: Call['source']) => (asked: AskedOfPayout) => {
    const { paymentId, operationId, call } = asked;
    const about = { account, paymentId, operationId, kind, call, source };
    const at = new Date().toISOString();
    return Promise.resolve({ result: 'not_attempted', about, at, reason: 'unauthorized' } as const);
  };
  return (
    participants ?? {
      payOut: notAsked('participant_payout', 'response'),
      takeBack: notAsked('participant_payout_reversal', 'response'),
      lookup: (query) => notAsked(query.kind, 'poll')(query),
    }
  );
}

type AskedOfPayout = Pick<Call, 'paymentId' | 'operationId' | 'call'>;

/** What the gateway calls an operation, by our own log or by what webhooks told. */
function nameOf(operation: string | undefined, { intent, projected }: Known): string | undefined {
  if (operation === undefined) return undefined;
  const told = projected?.operations.find(({ id }) => id === operation);
  return intent.aliases.get(operation)?.[0] ?? told?.aliases[0];
}

function termsOf(known: Known): TermsFact {
  const { terms, paymentId } = known.intent;
  if (!terms) throw new Error(`${paymentId} has no terms: nothing may be called for it`);
  return terms;
}

/** Ours, else the one a webhook named: money that moved is reached by it even if our own answer was lost. */
function containerOf(known: Known): string {
  const { containerId, paymentId } = known.intent;
  if (containerId === undefined) throw new Error(`${paymentId} has no container at the gateway`);
  return containerId;
}
