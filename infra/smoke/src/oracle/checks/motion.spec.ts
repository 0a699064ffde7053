import { projected, proveThatItBites } from '../testing/bite.js';
import { DECLINED, PAID } from '../testing/clean.js';

proveThatItBites([
  [
    'the gateway still has webhooks to tell',
    'nothing-stuck',
    /3 webhooks wait for a 2xx/,
    ({ evidence }) => (evidence.motion.pendingWebhooks = 3),
  ],
  [
    'a relay stands still',
    'nothing-stuck',
    /payment-state\/payments, lane \d: relayed to 0 of \d/,
    ({ evidence }) => {
      const { lanes } = evidence.motion.services.find(
        ({ service }) => service === 'payment-state',
      )!;
      lanes.find(({ next }) => next > 0)!.relayed = 0;
    },
  ],
  [
    'a topic is shorter than its relay knows',
    'nothing-stuck',
    /the relay knows \d messages of payments.events.v1, which has 0/,
    ({ evidence }) => evidence.motion.ends.get('payments.events.v1')!.fill(0),
  ],
  [
    'a log is not followed',
    'nothing-stuck',
    /webhook-ingest\/evidence, lane \d: followed to 0 of \d/,
    ({ evidence }) => {
      const ingest = evidence.motion.services.find(({ service }) => service === 'webhook-ingest')!;
      ingest.offsets = ingest.offsets.filter(({ source }) => source !== 'log:evidence');
    },
  ],
  [
    'a consumer stands still',
    'nothing-stuck',
    /fulfillment.payments has read payments.events.v1\/\d to 0 of \d/,
    ({ evidence }) => {
      const goods = evidence.motion.services.find(({ service }) => service === 'fulfillment')!;
      goods.offsets = goods.offsets.filter(
        ({ source }) => source !== 'fulfillment.payments/payments.events.v1',
      );
    },
  ],
  [
    'rows wait to be replayed',
    'nothing-stuck',
    /intent has 2 rows to replay/,
    ({ evidence }) => (evidence.motion.services[0]!.ready = 2),
  ],
  [
    'a payment waits for the engine',
    'nothing-stuck',
    /intent has to look at pay1 \(unknown outcome\)/,
    ({ evidence }) => evidence.motion.services[0]!.due.push('pay1 (unknown outcome)'),
  ],
  [
    'an operation is in doubt',
    'nothing-stuck',
    /payment pay1 \(order order-1\) is captured, in doubt: cap1/,
    (scene) => Object.assign(projected(scene, PAID).state, { final: false, unresolved: ['cap1'] }),
  ],
  [
    'a payment is held',
    'nothing-stuck',
    /payment pay1 \(order order-1\) is captured and held/,
    (scene) => Object.assign(projected(scene, PAID).state, { final: false, held: true }),
  ],
  [
    'a payment has no end',
    'nothing-stuck',
    /payment pay3 \(order order-3\) is pending and not final/,
    (scene) => Object.assign(projected(scene, DECLINED).state, { final: false, label: 'pending' }),
  ],
  [
    'a message lies in the dead letters',
    'nothing-parked',
    /payment-state has poison prk1 from payment-state.facts\/payments.intents.v1 \(pay1\), parked: no JSON/,
    ({ evidence }) =>
      evidence.parked.push({
        service: 'payment-state',
        schema: 'payments',
        id: 'prk1',
        kind: 'poison',
        source: 'payment-state.facts/payments.intents.v1',
        key: 'pay1',
        error: 'no JSON',
        status: 'parked',
        evidenceId: undefined,
      }),
  ],
]);
