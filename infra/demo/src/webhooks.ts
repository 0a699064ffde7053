import type { Sent } from './sandbox-truth.js';
import type { RunningSystem } from './system.js';

/** One stored webhook: who it says it is, and the digest of the bytes that are stored, computed here and now. */
export interface StoredWebhook {
  readonly eventId: string | null;
  readonly sha256: string;
}

export interface WebhookCounts {
  readonly sent: number;
  /** New evidence; a repeat in other bytes is new evidence too. */
  readonly accepted: number;
  /** The same bytes again. */
  readonly duplicates: number;
  /** Answered, and not taken. */
  readonly rejected: number;
  /** Acknowledged and not stored, or never acknowledged at the end. */
  readonly lost: number;
}

/**
 * Every delivery falls into one of four. `sent` is the gateway's count, the bytes are the database's: both sides of the
 * promise that what is acknowledged is on disk, byte for byte.
 */
export function countWebhooks(
  sent: readonly Sent[],
  stored: readonly StoredWebhook[],
): WebhookCounts {
  const onDisk = new Set(stored.map(keyOf));
  const counted = new Set<string>();
  const acknowledgedEvents = new Set(sent.filter(acknowledged).map(({ eventId }) => eventId));
  const counts = { sent: sent.length, accepted: 0, duplicates: 0, rejected: 0, lost: 0 };
  for (const delivery of sent) {
    const key = keyOf(delivery);
    if (acknowledged(delivery)) {
      if (!onDisk.has(key)) counts.lost += 1;
      else if (counted.has(key)) counts.duplicates += 1;
      else counts.accepted += 1;
      counted.add(key);
    } else if (delivery.signedWrong || acknowledgedEvents.has(delivery.eventId)) {
      counts.rejected += 1;
    } else {
      counts.lost += 1;
    }
  }
  return counts;
}

const acknowledged = ({ status }: Sent) => status !== null && status >= 200 && status < 300;
const keyOf = ({ eventId, sha256 }: StoredWebhook) => `${eventId ?? ''}/${sha256}`;

/** All evidence, the digests taken from the stored bodies, not from what was written beside them. */
export async function storedWebhooks(system: RunningSystem): Promise<StoredWebhook[]> {
  const { rows } = await system.database('webhook-ingest').query<StoredWebhook>(`
    select convert_from(r.data, 'utf8')::json ->> 'eventId' as "eventId",
      encode(sha256(b.body), 'hex') as sha256
    from evidence.rows r join evidence_bodies b on b.evidence_id = r.id`);
  return rows;
}
