import { hash } from 'node:crypto';
import { stableId } from '@paylog/contracts';
import type { Append } from '@paylog/event-sourcing';

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
  /** Name of the secret that vouched for it. */
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Delivery {
  readonly gateway: string;
  readonly account: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly receivedAt: string;
}

/** A verified delivery as evidence. The same event in the same bytes is the same evidence; other bytes are their own. */
export function toEvidence(delivery: Delivery, secret: string): Evidence {
  const { gateway, account, body, headers, receivedAt } = delivery;
  const sha256 = hash('sha256', body, 'hex');
  const eventId = eventIdIn(body);
  return {
    id: stableId('evd', account, eventId ?? '', sha256),
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
        type: 'WebhookReceived',
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
  const { account, bytes, eventId, gateway, id, receivedAt, secret, sha256 } = evidence;
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
    receivedAt,
    secret,
    sha256,
  });
}

/** From our own log. */
export function fromRow(data: Buffer): Evidence {
  return JSON.parse(data.toString('utf8')) as Evidence;
}

/** Its first member, as Stripe writes it; where it is not, the whole body is read. */
const FIRST_ID = /^\s*\{\s*"id"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,255})"\s*,/;
const FIRST_ID_BYTES = 320;
const END = /\}\s*$/;
const END_BYTES = 8;

function eventIdIn(body: Buffer): string | null {
  // A closing brace in its place: what was cut short is broken, and takes the long way.
  if (END.test(body.toString('latin1', Math.max(0, body.length - END_BYTES)))) {
    const first = FIRST_ID.exec(body.toString('latin1', 0, FIRST_ID_BYTES))?.[1];
    if (first !== undefined) return first;
  }
  try {
    const { id } = JSON.parse(body.toString('utf8')) as { id?: unknown };
    return typeof id === 'string' && /^[\x21-\x7e]{1,255}$/.test(id) ? id : null;
  } catch {
    return null; // Broken, but signed: stored under its digest alone.
  }
}
