import type { PaymentState } from '@paylog/contracts';
import { differencesOf, type View } from './check-payments.js';
import type { Order } from './orders.js';
import type { Truth, TrueIntent } from './sandbox-truth.js';
import type { SeenAttempt } from './scenario.js';
import { SCENARIOS } from './scenarios.js';
import { paymentOf } from './shop.js';

const scenario = SCENARIOS.find(({ name }) => name === 'automatic_capture');
const order = {
  orderId: 'order-1',
  scenario,
  amount: { minor: 1000n, currency: 'EUR' },
  channel: 'kafka',
} as Order;
const paymentId = paymentOf('order-1', 1);
const amounts = { authorized: '1000', captured: '1000', refunded: '0', voided: '0' };

const view: View = {
  paymentId,
  label: 'captured',
  final: true,
  held: false,
  unresolved: [],
  anomalies: [],
  amounts,
};
const seen: SeenAttempt = {
  state: { label: 'captured', final: true, amounts, operations: [] } as unknown as PaymentState,
  refused: [],
  conflicted: [],
  goods: ['FulfillmentReleased'],
  told: ['payment_received', 'order_released'],
};
const intent = {
  id: 'pi_1',
  metadata: { paylog_payment: paymentId },
  amountReceived: 1000,
  amountRefunded: 0,
  amountReleased: 0,
} as unknown as TrueIntent;

function differences({
  views = [view],
  attempt = seen,
  intents = [intent],
}: {
  views?: View[];
  attempt?: SeenAttempt;
  intents?: TrueIntent[];
} = {}) {
  const truth: Truth = { paymentIntents: intents, capturedTwice: 0, capturedTwicePayments: [] };
  return differencesOf(order, views, { payment: () => attempt }, truth).join('\n');
}

describe('differences of an order', () => {
  it('are none when services, topics and gateway agree', () => {
    expect(differences()).toBe('');
  });

  it('name the amounts on which the gateway and we do not agree', () => {
    const intents = [{ ...intent, amountReceived: 900 }];
    expect(differences({ intents })).toContain('captured 1000 with us, 900 at the gateway');
    expect(differences({ intents: [] })).toContain('captured 1000 with us, 0 at the gateway');
  });

  it('name a payment that the gateway was asked for twice', () => {
    expect(differences({ intents: [intent, intent] })).toContain('2 payment intents');
  });

  it('name what is held, unresolved or odd', () => {
    const odd = {
      ...view,
      held: true,
      unresolved: ['cap1'],
      anomalies: [{ kind: 'contradicted' }],
    };
    const told = differences({ views: [odd] });
    expect(told).toContain('still held');
    expect(told).toContain('unresolved cap1');
    expect(told).toContain('anomaly contradicted');
  });

  it('name goods that went twice, and payments that should not be', () => {
    const goods = ['FulfillmentReleased', 'FulfillmentReleased'];
    expect(differences({ attempt: { ...seen, goods } })).toContain('goods released 2 times');
    expect(differences({ views: [view, view] })).toContain('2 payments instead of 1');
  });

  it('name what the customer was told twice or not at all', () => {
    expect(differences({ attempt: { ...seen, told: [] } })).toContain('not told payment_received');
    const told = [...seen.told, 'payment_received', 'payment_failed'];
    const found = differences({ attempt: { ...seen, told } });
    expect(found).toContain('told payment_received twice');
    expect(found).toContain('told payment_failed');
  });
});
