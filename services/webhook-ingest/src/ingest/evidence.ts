import { hash } from 'node:crypto';
import { stableId } from '@paylog/contracts';
import type { Append } from '@paylog/event-sourcing';
import { type WebhookIdentity, webhooksOf } from '@paylog/gateways';

/** Lanes of the evidence log. It has no topic, so they are just lanes: enough for parallel commits. */
export const EVIDENCE_LANES = 4;

/** What the chained row says of a stored webhook; the bytes themselves lie beside it. */
export interface Evidence {
  readonly id: string;
  readonly gateway: string;
  readonly account: string;
  /** Null where the body does not say. */
  readonly eventId: string | null;
  /** Hex, of the body as received. */
  readonly sha256: string;
  readonly bytes: number;
  readonly receivedAt: string;
  /** Name of the secret that vouched for it; names, where each of its items is signed by itself. */
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: a webhook brought it. `poll`: the gateway told it when asked, under the key named by `secret`. */
  readonly source?: 'poll';
  /** Why it is kept apart and never read; absent, as nearly always, where it isn't. */
  readonly quarantine?: 'transmission_with_other_body';
}

export interface Delivery {
  readonly gateway: string;
  readonly account: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly receivedAt: string;
}

/**
 * A verified delivery as evidence. The same event in the same bytes is the same evidence; other bytes are their own, unless
 * the gateway's signature leaves room for them: then the first body of a transmission is the one that counts, and any
 * other is set apart.
 */
export function toEvidence(
  delivery: Delivery,
  secret: string,
  identity: WebhookIdentity = webhooksOf(delivery.gateway).identify(delivery),
): Evidence {
  const { gateway, account, body, headers, receivedAt } = delivery;
  const { eventId, transmissionId } = identity;
  const sha256 = hash('sha256', body, 'hex');
  return {
    id:
      transmissionId === undefined
        ? stableId('evd', account, eventId ?? '', sha256)
        : stableId('evd', account, 'transmission', transmissionId),
    gateway,
    account,
    eventId,
    sha256,
    bytes: body.length,
    receivedAt,
    secret,
    headers,
  };
}

/** Another body of a transmission that is stored: evidence of its own, for a person to look at. */
export function setApart(evidence: Evidence): Evidence {
  const id = stableId('evd', evidence.id, evidence.sha256);
  return { ...evidence, id, quarantine: 'transmission_with_other_body' };
}

/** `key` decides: a provider's repeat with the same bytes is a duplicate, whenever and however it was signed. */
export function toAppend(evidence: Evidence, body: Buffer): Append {
  const { id, sha256, receivedAt, account } = evidence;
  return {
    lane: 0, // Whichever the flush goes to.
    stream: id,
    expectedVersion: 0,
    key: id,
    contentDigest: Buffer.from(sha256, 'hex'),
    rows: [
      {
        id,
        type: evidence.source === 'poll' ? 'EventPolled' : 'WebhookReceived',
        schemaVersion: 1,
        source: `webhook-ingest/${account}`,
        time: receivedAt,
        data: Buffer.from(canonical(evidence)),
      },
    ],
    attachment: body,
  };
}

/** Canonical JSON, as `canonicalJson` writes it: the fields are known, so their order need not be found each time. */
function canonical(evidence: Evidence): string {
  const { account, bytes, eventId, gateway, id, quarantine, receivedAt } = evidence;
  const { secret, sha256, source } = evidence;
  const headers: Record<string, string> = {};
  for (const name of Object.keys(evidence.headers).sort()) {
    headers[name] = evidence.headers[name] ?? '';
  }
  return JSON.stringify({
    account,
    bytes,
    eventId,
    gateway,
    headers,
    id,
    ...(quarantine && { quarantine }),
    receivedAt,
    secret,
    sha256,
    ...(source && { source }),
  });
}

/** From our own log. */
export function fromRow(data: Buffer): Evidence {
  return JSON.parse(data.toString('utf8')) as Evidence;
}
