import type { Evidence, StoredWebhook } from '../evidence.js';
import { type Check, groupedBy, moment, type Promised, short } from './check.js';

/** `acked-webhook-stored`: what was answered 2xx is there, byte for byte, and nothing else claims to be. */
export const ackedWebhookStored: Check = (evidence, promised) => [
  ...changedBodies(evidence.webhooks),
  ...lostWebhooks(evidence, promised),
  ...lostDeliveries(evidence, promised),
  ...wronglySigned(evidence),
  ...goneEvidence(evidence, promised),
];

function changedBodies(webhooks: readonly StoredWebhook[]): string[] {
  return webhooks
    .filter(({ sha256, bodySha256 }) => sha256 !== bodySha256)
    .map(({ id, eventId, sha256, bodySha256 }) => {
      const found = bodySha256 === undefined ? 'has no body' : `has a body of ${short(bodySha256)}`;
      return `evidence ${id} (event ${eventId}) was stored with sha256 ${short(sha256)} and now ${found}`;
    });
}

function lostWebhooks({ webhooks }: Evidence, { acked, excuses }: Promised): string[] {
  const stored = bodiesOf(webhooks);
  return acked.webhooks
    .filter(({ sha256, at }) => !stored.has(sha256) && !excused(at, excuses))
    .map(
      ({ sha256, url, at }) =>
        `webhook ${short(sha256)} was acknowledged by ${url} at ${moment(at)} and is not stored`,
    );
}

function lostDeliveries({ webhooks, truth }: Evidence, { excuses }: Promised): string[] {
  const stored = bodiesOf(webhooks);
  return truth.deliveries
    .filter(({ status }) => isAck(status))
    .filter(({ sha256, at }) => !stored.has(sha256) && !excused(Date.parse(at), excuses))
    .map(
      ({ eventId, eventType, sha256, at }) =>
        `event ${eventId} (${eventType}, ${short(sha256)}) of the gateway was acknowledged at ${at} and is not stored`,
    );
}

function wronglySigned({ truth }: Evidence): string[] {
  return truth.deliveries
    .filter(({ signedWrong, status }) => signedWrong && isAck(status))
    .map(
      ({ eventId, status }) =>
        `event ${eventId} was signed with somebody else's secret and answered ${status}`,
    );
}

/** Published facts are the anchor of evidence: what they name must be there. */
function goneEvidence({ webhooks, facts }: Evidence, { excuses }: Promised): string[] {
  if (excuses.length > 0) return []; // Facts outlive the evidence that a backup did not have.
  const stored = new Map(webhooks.map(({ id, sha256 }) => [id, sha256]));
  return facts
    .filter(({ evidenceId, sha256 }) => stored.get(evidenceId) !== sha256)
    .map(
      ({ id, evidenceId, sha256 }) =>
        `fact ${id} was read from evidence ${evidenceId} (${short(sha256)}), which is gone or another`,
    );
}

/** `stored-webhook-applied`: what is stored was read, and what was read from it is in the payment's history. */
export const storedWebhookApplied: Check = (evidence) => [
  ...unmapped(evidence),
  ...withoutFacts(evidence),
  ...overlooked(evidence),
  ...unappliedFacts(evidence),
];

function unmapped({ webhooks, parked }: Evidence): string[] {
  const aside = new Set(parked.map(({ evidenceId }) => evidenceId));
  return webhooks.flatMap(({ id, eventId, outcome }) => {
    if (outcome === undefined) return [`evidence ${id} (event ${eventId}) was never looked at`];
    const waits = outcome === 'unresolved' || outcome === 'unreadable';
    if (!waits || aside.has(id)) return [];
    return [`evidence ${id} (event ${eventId}) is ${outcome}, but nothing of it is parked`];
  });
}

function withoutFacts({ webhooks, facts }: Evidence): string[] {
  const events = new Set(facts.map(({ eventId }) => eventId));
  const read = new Set(facts.map(({ evidenceId }) => evidenceId));
  return webhooks
    .filter(({ outcome }) => outcome === 'facts')
    .filter(({ id, eventId }) => !read.has(id) && !(eventId !== undefined && events.has(eventId)))
    .map(
      ({ id, eventId }) =>
        `evidence ${id} (event ${eventId}) was mapped to facts, of which none is in the log`,
    );
}

/** Events that always tell of money or of its end. */
const TELLING: ReadonlySet<string> = new Set([
  'charge.captured',
  'charge.succeeded',
  'payment_intent.canceled',
  'payment_intent.succeeded',
]);

function overlooked({ webhooks, truth }: Evidence): string[] {
  const types = new Map(truth.deliveries.map(({ eventId, eventType }) => [eventId, eventType]));
  return webhooks.flatMap(({ id, eventId = '', outcome }) => {
    const type = types.get(eventId) ?? '';
    if (outcome !== 'ignored' || !TELLING.has(type)) return [];
    return [`evidence ${id} (event ${eventId}) is a ${type}, and was ignored`];
  });
}

function unappliedFacts({ facts, logs, parked }: Evidence): string[] {
  const applied = new Set(
    logs
      .filter(({ place }) => place.schema === 'payments')
      .flatMap(({ rows }) => rows.map(({ id, stream }) => `${stream} ${id}`)),
  );
  const aside = groupedBy(
    parked.filter(({ service }) => service === 'payment-state'),
    ({ key }) => key,
  );
  return facts
    .filter(({ id, paymentId }) => !applied.has(`${paymentId} ${id}`) && !aside.has(paymentId))
    .map(
      ({ id, paymentId, eventId }) =>
        `fact ${id} of payment ${paymentId} (event ${eventId}) is not among the payment's events`,
    );
}

const isAck = (status: number | null) => status !== null && status >= 200 && status < 300;

const bodiesOf = (webhooks: readonly StoredWebhook[]) =>
  new Set(webhooks.map(({ bodySha256 }) => bodySha256));

const excused = (at: number, excuses: Promised['excuses']) =>
  excuses.some(({ from, to }) => at >= from && at <= to);
