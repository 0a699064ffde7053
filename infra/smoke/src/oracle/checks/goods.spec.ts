import { proveThatItBites } from '../testing/bite.js';
import { PAID, releaseOf } from '../testing/clean.js';

proveThatItBites([
  [
    'the goods of an order went twice',
    'released-once',
    /the goods of shop\/order-1\/all were released 2 times: 0\/0 for pay1, 0\/1 for pay1/,
    ({ evidence }) => evidence.goods.push(releaseOf(PAID, 'order-1', '0/1')),
  ],
  [
    'goods went before the capture',
    'released-after-capture',
    /the goods of order-1 \(pay1\) were released .* when the gateway had taken 0 of 1000/,
    ({ evidence }) => (evidence.goods[0]!.time = '2026-01-01T00:00:04.999Z'),
  ],
  [
    'goods went for a payment that is not at the gateway',
    'released-after-capture',
    /the goods of order-8 \(pay8\) .* the gateway knows nothing of that payment/,
    ({ evidence }) => evidence.goods.push(releaseOf('pay8', 'order-8', '0/1')),
  ],
  [
    'goods that are paid for never went',
    'released-when-paid',
    /order order-1 \(pay1, pi_1\) is paid with 1000 and was never released/,
    ({ evidence }) => evidence.goods.splice(0, 1),
  ],
]);
