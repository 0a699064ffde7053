import { canonicalJson, stableId } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';

/** The log that says beforehand what happens to stored bodies. */
export const ARCHIVE = 'archive';

/** Who ends a body, and why. */
export interface Who {
  readonly operator: string;
  readonly reason: string;
}

export type Announcement =
  | {
      readonly type: 'EvidenceExpired';
      /** `2026-01`, in UTC. */
      readonly month: string;
      readonly retentionDays: number;
      readonly bodies: number;
    }
  | {
      readonly type: 'EvidenceRedacted';
      readonly evidenceId: string;
      /** Of the body as it was received, hex. */
      readonly sha256: string;
      /** Of what stands in its place, hex. */
      readonly replacementSha256: string;
    };

const streamOf = (announcement: Announcement): string =>
  announcement.type === 'EvidenceExpired'
    ? `expired/${announcement.month}`
    : `redacted/${announcement.evidenceId}`;

/**
 * Says it in the chain, once: what was announced before stands, for whoever died between saying and doing. Answers whether
 * it is said for the first time.
 */
export async function announce(
  log: Pick<EventLog, 'append'>,
  announcement: Announcement,
  who: Who,
  at: string,
): Promise<boolean> {
  const stream = streamOf(announcement);
  const { type, ...what } = announcement;
  const row = {
    id: stableId('arc', stream),
    type,
    schemaVersion: 1,
    source: 'webhook-ingest/archive',
    time: at,
    data: Buffer.from(canonicalJson({ ...what, ...who })),
  };
  const [answer] = await log.append([
    { lane: 0, stream, expectedVersion: 0, key: stream, rows: [row] },
  ]);
  switch (answer?.status) {
    case 'appended':
      return true;
    case 'duplicate':
    case 'same_key_other_content':
      return false;
    default:
      throw new Error(`${stream} can't be announced: ${answer?.status}`);
  }
}
