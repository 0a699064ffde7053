import { projected, proveThatItBites } from '../testing/bite.js';
import { DECLINED, PAID } from '../testing/clean.js';

proveThatItBites([
  [
    'the read model differs from the refolded history',
    'live-equals-rebuilt',
    /the rebuild from kafka differs: pay2: another state/,
    ({ evidence }) =>
      (evidence.rebuilt[1] = { from: 'kafka', equal: false, said: ['pay2: another state'] }),
  ],
  [
    'the rebuild fails',
    'live-equals-rebuilt',
    /the rebuild from postgres failed: no such table/,
    ({ evidence }) =>
      (evidence.rebuilt[0] = { from: 'postgres', equal: undefined, said: ['no such table'] }),
  ],
  [
    'the read model was changed',
    'live-equals-rebuilt',
    /payment pay1 is captured .*"captured":"999".* in the read model, captured .*"1000".* in the log/,
    (scene) => (projected(scene, PAID).state.amounts.captured = '999'),
  ],
  [
    'the read model lags behind',
    'live-equals-rebuilt',
    /payment pay1 is at version 2 in the read model, 3 in the log/,
    (scene) => (projected(scene, PAID).version = 2),
  ],
  [
    'the read model forgot a payment',
    'live-equals-rebuilt',
    /payment pay1 is in the log and not in the read model/,
    ({ evidence }) => evidence.projected.splice(0, 1),
  ],
  [
    'the read model invented a payment',
    'live-equals-rebuilt',
    /payment pay9 is in the read model and not in the topic/,
    (scene) => scene.evidence.projected.push({ ...projected(scene, DECLINED), paymentId: 'pay9' }),
  ],
  [
    'an event passed another service by',
    'live-equals-rebuilt',
    /reconciliation knows payment pay1 up to version 2 of 3/,
    ({ evidence }) => {
      const copy = evidence.copies.find(
        ({ service, paymentId }) => service === 'reconciliation' && paymentId === PAID,
      );
      copy!.version = 2;
    },
  ],
]);
