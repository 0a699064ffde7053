import { intent, projected, proveThatItBites } from '../testing/bite.js';
import { DECLINED, PAID, REFUNDED } from '../testing/clean.js';

proveThatItBites([
  [
    'a payment was captured through two PaymentIntents',
    'captured-once',
    /payment pay1 was captured through pi_1, pi_9/,
    (scene) => scene.evidence.truth.intents.push({ ...intent(scene, PAID), id: 'pi_9' }),
  ],
  [
    'a payment was authorized through two PaymentIntents',
    'captured-once',
    /payment pay1 was authorized through pi_1, pi_9/,
    (scene) => {
      const held = { amountReceived: 0, amountCapturable: 1000 };
      scene.evidence.truth.intents.push({ ...intent(scene, PAID), ...held, id: 'pi_9' });
    },
  ],
  [
    'more was taken than was asked for',
    'captured-once',
    /pi_1 \(payment pay1\) took 2000 of 1000/,
    (scene) => (intent(scene, PAID).amountReceived = 2000),
  ],
  [
    'one capture was done twice',
    'captured-once',
    /the capture cap2 was done 2 times, on ch_pi_1, ch_pi_2/,
    ({ evidence }) => (evidence.truth.effects[0]!.idempotencyKey = 'cap2'),
  ],
  [
    'two attempts of an order were charged',
    'captured-once',
    /order shop\/order-1 was charged by pay1 and pay2/,
    (scene) => (projected(scene, REFUNDED).state.terms!.orderId = 'order-1'),
  ],
  [
    'more was given back than was taken',
    'refunded-once',
    /pi_2 \(payment pay2\) gave back 1200 of 1000/,
    (scene) => (intent(scene, REFUNDED).amountRefunded = 1200),
  ],
  [
    'one refund was done twice',
    'refunded-once',
    /the refund ref[a-z2-7]{26} was done 2 times: re_1 of 400, re_2 of 400/,
    (scene) => {
      const { refunds } = intent(scene, REFUNDED);
      refunds.push({ ...refunds[0]!, id: 're_2' });
    },
  ],
  [
    'one payout was done twice',
    'refunded-once',
    /the payout par1 was done 2 times: tr_1 of 400, tr_2 of 400/,
    (scene) => {
      const sent = { amount: 400, reversed: 400, metadata: { paylog_operation_transfer: 'par1' } };
      intent(scene, PAID).transfers.push({ id: 'tr_1', ...sent }, { id: 'tr_2', ...sent });
    },
  ],
  [
    'the gateway passed on what nobody here knows of',
    'state-as-the-gateway-says',
    /passed on 0 with us, 300 at the gateway/,
    (scene) => {
      intent(scene, PAID).transfers.push({ id: 'tr_1', amount: 400, reversed: 100, metadata: {} });
    },
  ],
  [
    'the gateway took money that nobody here knows of',
    'state-as-the-gateway-says',
    /payment pay9 is at the gateway \(pi_9\), not with us/,
    (scene) => {
      const unknown = { id: 'pi_9', metadata: { paylog_payment: 'pay9' } };
      scene.evidence.truth.intents.push({ ...intent(scene, DECLINED), ...unknown });
    },
  ],
  [
    'a refund is missing here',
    'state-as-the-gateway-says',
    /payment pay2 \(pi_2\): refunded 400 with us, 1000 at the gateway/,
    (scene) => (intent(scene, REFUNDED).amountRefunded = 1000),
  ],
  [
    'money of ours was taken for somebody else’s',
    'state-as-the-gateway-says',
    /payment pay9 is said to be of nobody, and pi_1 is of ours/,
    (scene) => {
      const { terms: _terms, ...state } = projected(scene, PAID).state;
      const found = { ...projected(scene, PAID), paymentId: 'pay9' };
      scene.evidence.projected.push({ ...found, state: { ...state, origin: { object: 'pi_1' } } });
    },
  ],
  [
    'a dispute took money, and nobody here knows',
    'state-as-the-gateway-says',
    /payment pay1 \(pi_1\): chargedBack 0 with us, 1000 at the gateway/,
    (scene) => {
      const lost = { id: 'du_1', status: 'lost', withdrawn: 1000, reinstated: 0 };
      intent(scene, PAID).disputes.push(lost);
    },
  ],
  [
    'a label is another than the money demands',
    'state-as-the-gateway-says',
    /payment pay1 \(pi_1\): authorized with us, captured by the gateway/,
    (scene) => (projected(scene, PAID).state.label = 'authorized'),
  ],
  [
    'we count money that the gateway never had',
    'state-as-the-gateway-says',
    /payment pay1 is captured with .*"captured":"1000".*, and the gateway knows nothing of it/,
    ({ evidence }) => evidence.truth.intents.splice(0, 1),
  ],
]);
