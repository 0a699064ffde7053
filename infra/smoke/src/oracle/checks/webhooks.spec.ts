import { log, proveThatItBites } from '../testing/bite.js';
import { sha } from '../testing/clean.js';

proveThatItBites([
  [
    'a webhook of ours that was acknowledged is gone',
    'acked-webhook-stored',
    /webhook [0-9a-f]{12} was acknowledged by http:\/\/ingest at .* is not stored/,
    ({ evidence }) => evidence.webhooks.splice(1, 1),
  ],
  [
    'a webhook of the gateway that was acknowledged is gone',
    'acked-webhook-stored',
    /event evt_1 \(charge.succeeded, .*\) of the gateway was acknowledged at .* is not stored/,
    ({ evidence }) => evidence.webhooks.splice(0, 1),
  ],
  [
    'one byte of a body was changed',
    'acked-webhook-stored',
    /evidence evd1 \(event evt_1\) was stored with sha256 .* now has a body of/,
    ({ evidence }) => (evidence.webhooks[0]!.bodySha256 = sha('body I')),
  ],
  [
    'a body is gone',
    'acked-webhook-stored',
    /evidence evd2 .* has no body/,
    ({ evidence }) => (evidence.webhooks[1]!.bodySha256 = undefined),
  ],
  [
    'a webhook that somebody else signed was taken',
    'acked-webhook-stored',
    /event evt_1 was signed with somebody else's secret and answered 200/,
    ({ evidence }) => (evidence.truth.deliveries[0]!.signedWrong = true),
  ],
  [
    'the evidence of a published fact was cut off',
    'acked-webhook-stored',
    /fact fct-told was read from evidence evd9 .* gone or another/,
    ({ evidence }) => (evidence.facts[0]!.evidenceId = 'evd9'),
  ],
  [
    'a stored webhook was never looked at',
    'stored-webhook-applied',
    /evidence evd2 \(event evt_2\) was never looked at/,
    ({ evidence }) => (evidence.webhooks[1]!.outcome = undefined),
  ],
  [
    'a webhook is unresolved and waits nowhere',
    'stored-webhook-applied',
    /evidence evd2 \(event evt_2\) is unresolved, but nothing of it is parked/,
    ({ evidence }) => (evidence.webhooks[1]!.outcome = 'unresolved'),
  ],
  [
    'a webhook was mapped to facts that are not there',
    'stored-webhook-applied',
    /evidence evd2 \(event evt_2\) was mapped to facts, of which none is in the log/,
    ({ evidence }) => (evidence.webhooks[1]!.outcome = 'facts'),
  ],
  [
    'a webhook that tells of money was ignored',
    'stored-webhook-applied',
    /evidence evd1 \(event evt_1\) is a charge.succeeded, and was ignored/,
    ({ evidence }) => (evidence.webhooks[0]!.outcome = 'ignored'),
  ],
  [
    'a fact that a gateway told was dropped by payment-state',
    'stored-webhook-applied',
    /fact fct-told of payment pay1 \(event evt_1\) is not among the payment's events/,
    (scene) => {
      const payments = log(scene, 'payments');
      payments.rows = payments.rows.filter(({ id }) => id !== 'fct-told');
    },
  ],
]);
