import { operationId } from '@paylog/contracts';
import {
  createStripeClient,
  type AuthorizeRequest,
  type GatewayAccount,
  type GatewayAnswer,
  type GatewayClient,
  type PaymentAnswer,
} from '@paylog/gateways';
import { fold, type Fact } from '@paylog/payment-domain';
import {
  ASKED_AT,
  authorization,
  eur,
  foldedInOtherOrders,
  paymentOfOrder,
  runPaylog,
  terms,
  told as toldTo,
  type Paylog,
} from './testing/paylog.js';
import { PATIENT_MS, type RunningSandbox } from './testing/running-sandbox.js';

/** Paylog's own client and mapping against the sandbox: what the one tells, the other must understand. */
let paylog: Paylog;
let running: RunningSandbox;
let client: GatewayClient;
let unheard: GatewayClient;
let account: GatewayAccount;

beforeEach(async () => {
  paylog = await runPaylog();
  ({ running, client, unheard, account } = paylog);
});
afterEach(() => running.close());

let orders = 0;

interface Order {
  readonly id: string;
  readonly request: AuthorizeRequest;
  readonly facts: Fact[];
}

function order(paymentMethod: string, over: Partial<AuthorizeRequest> = {}): Order {
  orders += 1;
  const orderId = `o${orders}`;
  const id = paymentOfOrder(orderId);
  const request = authorization(id, { paymentMethod, ...over });
  const asked = { type: 'operation', source: 'request', at: ASKED_AT, call: 1 } as const;
  const facts: Fact[] = [
    terms(id, request, orderId),
    {
      ...asked,
      id: `${id} a`,
      operation: request.operationId,
      kind: 'authorization',
      outcome: 'requested',
      asked: request.amount,
    },
  ];
  if (request.captureOperationId !== undefined) {
    facts.push({
      ...asked,
      id: `${id} c`,
      operation: request.captureOperationId,
      kind: 'capture',
      outcome: 'requested',
      asked: request.amount,
    });
  }
  return { id, request, facts };
}

const told = <T extends GatewayAnswer>(placed: Order, answer: Promise<T>) =>
  toldTo(placed.facts, answer);

function containerOf(answer: PaymentAnswer): string {
  const payment = 'payment' in answer ? answer.payment : undefined;
  if (payment === undefined) throw new Error(`no container in a ${answer.result} answer`);
  return payment.containerId;
}

/** The state from answers and webhooks together, proved to be the same in other orders, some told twice. */
async function stateOf(placed: Order) {
  const facts = [...placed.facts, ...(await paylog.heardOf(placed.id)).facts];
  const state = fold(facts);
  for (const other of foldedInOtherOrders(facts, 30)) expect(other).toEqual(state);
  return state;
}

/** Money told of under ids that lead to nothing of ours; nobody asks for a session. */
const foreignMoney = (state: Awaited<ReturnType<typeof stateOf>>) =>
  state.operations.filter(({ foreign, kind }) => foreign && kind !== 'session').map(({ id }) => id);

describe('a payment ends in one state, whatever told it', () => {
  it('captured at once', async () => {
    const placed = order('pm_card_visa');
    await told(placed, client.authorize(placed.request));
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label: 'captured', final: true, anomalies: [], unresolved: [] });
    expect(foreignMoney(state)).toEqual([]);
    expect(state.amounts).toMatchObject({
      authorized: 1000n,
      captured: 1000n,
      refunded: 0n,
      voided: 0n,
    });
  });

  it('captured later, in parts, the rest let go', async () => {
    const placed = order('pm_card_visa', { captureMode: 'manual' });
    const containerId = containerOf(await told(placed, client.authorize(placed.request)));
    for (const [reference, minor, final] of [
      ['one', 300n, false],
      ['two', 200n, true],
    ] as const) {
      await told(placed, client.capture(captureOf(placed, containerId, reference, minor, final)));
    }
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label: 'captured', final: true, anomalies: [], unresolved: [] });
    expect(state.amounts).toMatchObject({
      authorized: 1000n,
      captured: 500n,
      refunded: 0n,
      voided: 500n,
    });
  });

  it('voided', async () => {
    const placed = order('pm_card_visa', { captureMode: 'manual' });
    const containerId = containerOf(await told(placed, client.authorize(placed.request)));
    await told(placed, client.cancel(cancelation(placed, containerId)));
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label: 'voided', final: true, anomalies: [], closed: true });
    expect(foreignMoney(state)).toEqual([]);
  });

  it('partly captured, the rest voided', async () => {
    const placed = order('pm_card_visa', { captureMode: 'manual' });
    const containerId = containerOf(await told(placed, client.authorize(placed.request)));
    await told(placed, client.capture(captureOf(placed, containerId, 'one', 300n, false)));
    await told(placed, client.cancel(cancelation(placed, containerId)));
    const state = await stateOf(placed);
    expect(state).toMatchObject({ final: true, anomalies: [], unresolved: [] });
    expect(state.amounts).toMatchObject({ captured: 300n, refunded: 0n, voided: 700n });
  });

  it('let run out, uncaptured', async () => {
    const placed = order('pm_sandbox_expires', { captureMode: 'manual' });
    await told(placed, client.authorize(placed.request));
    await running.settle();
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label: 'expired', anomalies: [] });
    expect(state.amounts).toMatchObject({ captured: 0n, refunded: 0n });
  });

  it.each([
    ['pm_sandbox_disputeWon', { label: 'captured' }, { chargedBack: 0n }],
    ['pm_sandbox_disputeLost', { label: 'charged_back' }, { chargedBack: 1000n }],
    ['pm_card_createDispute', { label: 'disputed' }, { disputed: 1000n, chargedBack: 0n }],
  ])('disputed by %s', async (paymentMethod, expected, amounts) => {
    const placed = order(paymentMethod);
    await told(placed, client.authorize(placed.request));
    const state = await stateOf(placed);
    expect(state).toMatchObject(expected);
    expect(state.amounts).toMatchObject(amounts);
  });

  it('in review, and then not', async () => {
    const placed = order('pm_sandbox_review');
    await told(placed, client.authorize(placed.request));
    expect(await stateOf(placed)).toMatchObject({ label: 'captured', held: true });
    const { paymentIntents } = await running.truth();
    const [review] = paymentIntents.flatMap(({ reviews }) => reviews);
    await running.ask('POST', `/sandbox/reviews/${review?.id}`, { decision: 'approve' });
    expect(await stateOf(placed)).toMatchObject({ label: 'captured', held: false });
  });

  it('captured, and failed after all', async () => {
    const placed = order('pm_sandbox_failsLater');
    const containerId = containerOf(await told(placed, client.authorize(placed.request)));
    await running.settle();
    // Asked again, as whatever is pending is: the answer names the charge as ours.
    await told(placed, client.lookupPayment(lookup(placed, containerId)));
    const state = await stateOf(placed);
    expect(state.amounts).toMatchObject({ captured: 0n, refunded: 0n });
    expect(state.anomalies).toEqual([]);
  });

  it('declined, and closed at the gateway', async () => {
    const placed = order('pm_card_visa_chargeDeclinedInsufficientFunds');
    const answer = await told(placed, client.authorize(placed.request));
    expect(answer).toMatchObject({ result: 'declined', decline: { declineClass: 'soft' } });
    expect(await stateOf(placed)).toMatchObject({ closed: false, label: 'pending' });
    await told(placed, client.cancel(cancelation(placed, containerOf(answer))));
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label: 'failed', final: true, anomalies: [], unresolved: [] });
  });

  it.each([
    ['approve', 'captured'],
    ['refuse', 'failed'],
    ['abandon', 'canceled'],
  ] as const)('3DS: %s ends %s', async (decision, label) => {
    const placed = order('pm_card_authenticationRequired', {
      returnUrl: 'https://shop.example/back',
    });
    const answer = await told(placed, client.authorize(placed.request));
    if (answer.result !== 'answered') throw new Error(answer.result);
    const { containerId, nextAction } = answer.payment;
    expect(nextAction).toMatchObject({ type: 'redirect' });
    expect((await stateOf(placed)).label).toBe('pending');
    if (decision !== 'abandon')
      await running.ask('POST', `/sandbox/3ds/${containerId}`, { decision });
    await told(placed, client.lookupPayment(lookup(placed, containerId)));
    if (decision !== 'approve') {
      await told(placed, client.cancel(cancelation(placed, containerId)));
    }
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label, final: true, anomalies: [], unresolved: [] });
    expect(foreignMoney(state)).toEqual([]);
  });

  it.each([
    ['pm_card_visa', 'refunded', 1000n],
    ['pm_card_pendingRefund', 'refunded', 1000n],
    ['pm_card_refundFail', 'captured', 0n],
  ])('refund of %s ends %s', async (paymentMethod, label, refunded) => {
    const placed = order(paymentMethod);
    const containerId = containerOf(await told(placed, client.authorize(placed.request)));
    await told(placed, client.refund(refundOf(placed, containerId, 1000n)));
    await running.settle();
    await running.settle();
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label, final: true, anomalies: [], unresolved: [] });
    expect(state.amounts.refunded).toBe(refunded);
  });

  it.each([
    'pm_sandbox_webhooksVaried',
    'pm_sandbox_webhookBadSignature',
    'pm_sandbox_webhooksReordered',
  ])('%s changes nothing', async (paymentMethod) => {
    const placed = order(paymentMethod);
    await told(placed, client.authorize(placed.request));
    expect(await stateOf(placed)).toMatchObject({ label: 'captured', final: true, anomalies: [] });
  });
});

describe('an answer that never came', () => {
  it('is unknown, while the webhook counts the money; the same key brings the answer', async () => {
    const placed = order('pm_sandbox_commitThenTimeout');
    const answer = await told(placed, unheard.authorize(placed.request));
    expect(answer.result).toBe('unknown');
    const doubtful = await stateOf(placed);
    expect(doubtful).toMatchObject({ label: 'captured', final: false });
    expect(doubtful.unresolved).toContain(placed.request.operationId);

    await told(placed, client.authorize({ ...placed.request, call: 2 }));
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label: 'captured', final: true, anomalies: [], unresolved: [] });
    const { capturedTwice, effects } = await running.truth();
    expect(capturedTwice).toBe(0);
    expect(effects.filter(({ kind }) => kind === 'captured')).toHaveLength(1);
  });

  it('is also found by our id, from the list', async () => {
    const placed = order('pm_sandbox_errorAfterCommit');
    expect((await told(placed, client.authorize(placed.request))).result).toBe('unknown');
    const frozen = await told(placed, client.authorize({ ...placed.request, call: 2 }));
    expect(frozen.result).toBe('unknown');
    const firstCalledAt = new Date().toISOString();
    await told(placed, client.lookupPayment({ ...lookup(placed), firstCalledAt }));
    expect(await stateOf(placed)).toMatchObject({ label: 'captured', final: true, unresolved: [] });
  });

  it('may mean that nothing happened', async () => {
    const placed = order('pm_sandbox_errorBeforeCommit');
    expect((await client.authorize(placed.request)).result).toBe('unknown');
    const firstCalledAt = new Date().toISOString();
    const found = await client.lookupPayment({ ...lookup(placed), firstCalledAt });
    expect(found).toMatchObject({ result: 'not_found', by: 'list' });
  });

  it('of a capture: the lookup reads our own mark', async () => {
    const placed = order('pm_sandbox_captureTimeout', { captureMode: 'manual' });
    const containerId = containerOf(await told(placed, client.authorize(placed.request)));
    const operation = operationId(placed.id, 'capture', 'one');
    const request = {
      paymentId: placed.id,
      operationId: operation,
      call: 1,
      containerId,
      amount: eur(1000n),
    };
    expect((await told(placed, unheard.capture(request))).result).toBe('unknown');
    expect(await stateOf(placed)).toMatchObject({ label: 'captured', final: false });
    const query = {
      paymentId: placed.id,
      operationId: operation,
      kind: 'capture',
      call: 1,
      containerId,
    } as const;
    await told(placed, client.lookupPayment(query));
    expect(await stateOf(placed)).toMatchObject({ label: 'captured', final: true, anomalies: [] });

    // With a new key, as after the gateway forgot ours: refused there, and recognised as done here.
    const late = await client.capture({ ...request, call: 2 });
    expect(late.result).toBe('answered');
  });

  it('of a refund and of a void', async () => {
    const placed = order('pm_sandbox_refundTimeout');
    const containerId = containerOf(await told(placed, client.authorize(placed.request)));
    const request = refundOf(placed, containerId, 400n);
    expect((await told(placed, unheard.refund(request))).result).toBe('unknown');
    await told(placed, client.lookupRefund({ ...request, call: 1 }));
    const state = await stateOf(placed);
    expect(state).toMatchObject({ label: 'partially_refunded', final: true, anomalies: [] });

    const held = order('pm_sandbox_cancelTimeout', { captureMode: 'manual' });
    const container = containerOf(await told(held, client.authorize(held.request)));
    const cancel = cancelation(held, container);
    expect((await told(held, unheard.cancel(cancel))).result).toBe('unknown');
    await told(held, client.cancel({ ...cancel, call: 2 }));
    expect(await stateOf(held)).toMatchObject({ label: 'voided', final: true, anomalies: [] });
  });

  it('is unknown when nobody listens', async () => {
    const nowhere = createStripeClient(
      { ...account, apiBaseUrl: 'http://127.0.0.1:9' },
      { timeoutMs: PATIENT_MS },
    );
    const answer = await nowhere.authorize(order('pm_card_visa').request);
    expect(answer).toMatchObject({ result: 'unknown', reason: 'connection' });
  });
});

describe('a call that never began', () => {
  it('says so for rate limits, keys in flight, reused keys and wrong API keys', async () => {
    const limited = order('pm_sandbox_rateLimited');
    expect(await client.authorize(limited.request)).toMatchObject({
      result: 'not_attempted',
      reason: 'rate_limited',
    });
    expect((await client.authorize({ ...limited.request, call: 2 })).result).toBe('answered');
    expect(await client.authorize({ ...limited.request, amount: eur(1n), call: 3 })).toMatchObject({
      result: 'not_attempted',
      reason: 'key_reused',
    });

    // Whichever arrives first is in flight until the sandbox is told to go on.
    const slow = order('pm_sandbox_slow');
    const both = [1, 2].map((call) => client.authorize({ ...slow.request, call }));
    expect(await Promise.race(both)).toMatchObject({
      result: 'not_attempted',
      reason: 'in_flight',
    });
    await running.settle();
    const results = (await Promise.all(both)).map(({ result }) => result);
    expect(results.toSorted()).toEqual(['answered', 'not_attempted']);

    const stranger = createStripeClient(
      { ...account, apiKey: 'sk_test_no' },
      { timeoutMs: PATIENT_MS },
    );
    expect(await stranger.authorize(order('pm_card_visa').request)).toMatchObject({
      result: 'not_attempted',
      reason: 'unauthorized',
    });
  });

  it('or is refused, and names the field', async () => {
    expect(await client.authorize(order('pm_unknown').request)).toMatchObject({
      result: 'refused',
      field: 'payment_method',
    });
    const tooPrecise = { amount: { minor: 1001n, currency: 'KWD' } };
    expect(await client.authorize(order('pm_card_visa', tooPrecise).request)).toMatchObject({
      result: 'refused',
      reason: 'amount_too_precise',
    });
  });
});

function lookup(placed: Order, containerId?: string) {
  return {
    paymentId: placed.id,
    operationId: placed.request.operationId,
    kind: 'authorization',
    call: 1,
    ...(containerId === undefined ? {} : { containerId }),
  } as const;
}

function captureOf(
  placed: Order,
  containerId: string,
  reference: string,
  minor: bigint,
  final: boolean,
) {
  return {
    paymentId: placed.id,
    operationId: operationId(placed.id, 'capture', reference),
    call: 1,
    containerId,
    amount: eur(minor),
    final,
  };
}

function cancelation(placed: Order, containerId: string) {
  return {
    paymentId: placed.id,
    operationId: operationId(placed.id, 'void', 'all'),
    call: 1,
    containerId,
    sessionOperationId: placed.request.sessionOperationId,
    reason: 'requested_by_customer',
  } as const;
}

function refundOf(placed: Order, containerId: string, minor: bigint) {
  return {
    paymentId: placed.id,
    operationId: operationId(placed.id, 'refund', 'one'),
    call: 1,
    containerId,
    amount: eur(minor),
  };
}
