import { log, projected, proveThatItBites } from '../testing/bite.js';
import { DECLINED, PAID, REFUNDED } from '../testing/clean.js';

proveThatItBites([
  [
    'an order that was taken has no intent',
    'acked-order-answered',
    /order order-1\/1 \(pay1\), taken by http at .*, has neither an intent nor a refusal/,
    ({ evidence }) => {
      evidence.intentMessages = evidence.intentMessages.filter((one) => one.paymentId !== PAID);
    },
  ],
  [
    'an order was accepted and nothing came of it',
    'acked-order-answered',
    /order order-3\/1 .* was accepted, and nothing came of it/,
    (scene) => (projected(scene, DECLINED).state.label = 'initialized'),
  ],
  [
    'a refund that was promised left nothing',
    'acked-order-answered',
    /refund ref-1 of order-2 \(pay2\), promised by http .* left no operation/,
    (scene) => projected(scene, REFUNDED).state.operations.splice(1, 1),
  ],
  [
    'a capture that was promised has no end',
    'acked-order-answered',
    /capture ship-1 of order-2 \(pay2\).* is still unknown/,
    (scene) => (projected(scene, REFUNDED).state.operations[0]!.status = 'unknown'),
  ],
  [
    'a cancelled order kept the money',
    'acked-order-answered',
    /cancel {2}of order-1 \(pay1\).* left 1000 with the merchant/,
    ({ acked }) => acked.requests.push({ ...acked.orders[0]!, kind: 'cancel', channel: 'kafka' }),
  ],
  [
    'a void after a part was captured let nothing go',
    'acked-order-answered',
    /void {2}of order-2 \(pay2\).* left 500 held/,
    (scene) => {
      projected(scene, REFUNDED).state.amounts.captured = '500';
      const [shipped] = scene.acked.requests.filter(({ kind }) => kind === 'capture');
      const { reference: _reference, ...rest } = shipped!;
      scene.acked.requests.push({ ...rest, kind: 'void' });
    },
  ],
  [
    'a fact that intent recorded was dropped by payment-state',
    'acked-order-answered',
    /fact fct-asked-pay2 \(FactRecorded\) that intent recorded is not among the events of pay2/,
    (scene) => {
      const payments = log(scene, 'payments');
      payments.rows = payments.rows.filter(({ id }) => id !== 'fct-asked-pay2');
    },
  ],
]);
