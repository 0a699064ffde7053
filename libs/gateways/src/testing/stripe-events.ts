/** Objects as Stripe sends them, with the fields we read; builders for specs. */
export const PAYMENT = `pay${'a'.repeat(26)}`;
export const SESSION = `ses${'a'.repeat(26)}`;
export const AUTHORIZATION = `aut${'a'.repeat(26)}`;
export const CAPTURE = `cap${'a'.repeat(26)}`;
export const VOID = `voi${'a'.repeat(26)}`;
export const REFUND = `ref${'a'.repeat(26)}`;
export const CREATED = 1_772_366_400;

export const OUR_METADATA = {
  paylog_payment: PAYMENT,
  paylog_operation_session: SESSION,
  paylog_operation_authorization: AUTHORIZATION,
  paylog_operation_capture: CAPTURE,
};

export type Fields = Readonly<Record<string, unknown>>;

export function paymentIntent(over: Fields = {}): Fields {
  return {
    id: 'pi_1',
    object: 'payment_intent',
    amount: 1000,
    amount_capturable: 0,
    amount_received: 1000,
    capture_method: 'automatic',
    cancellation_reason: null,
    client_secret: 'pi_1_secret',
    created: CREATED,
    currency: 'eur',
    last_payment_error: null,
    latest_charge: 'ch_1',
    metadata: OUR_METADATA,
    next_action: null,
    status: 'succeeded',
    ...over,
  };
}

export function charge(over: Fields = {}): Fields {
  return {
    id: 'ch_1',
    object: 'charge',
    amount: 1000,
    amount_captured: 1000,
    amount_refunded: 0,
    captured: true,
    created: CREATED,
    currency: 'eur',
    failure_code: null,
    metadata: OUR_METADATA,
    outcome: { reason: null, advice_code: null },
    payment_intent: 'pi_1',
    refunded: false,
    status: 'succeeded',
    ...over,
  };
}

export function refund(over: Fields = {}): Fields {
  return {
    id: 're_1',
    object: 'refund',
    amount: 400,
    charge: 'ch_1',
    created: CREATED,
    currency: 'eur',
    metadata: { paylog_payment: PAYMENT, paylog_operation_refund: REFUND },
    payment_intent: 'pi_1',
    reason: null,
    status: 'succeeded',
    ...over,
  };
}

export function event(type: string, object: Fields, over: Fields = {}): Fields {
  return {
    id: `evt_${type}`,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: CREATED + 1,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: 'req_1', idempotency_key: AUTHORIZATION },
    type,
    ...over,
  };
}
