import { createHash } from 'node:crypto';
import { canonicalJson } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import type { Pool } from 'pg';
import { announce, type Who } from './announcements.js';
import { evidenceOf, replaceBody } from './archive.sql.js';

/** `expired`: the body has gone with its month. */
export type Redaction = 'redacted' | 'expired' | 'unknown';

/** What stands in a redacted body's place: always the same bytes, so that a run that died can be repeated. */
export const placeholderOf = (evidenceId: string): Buffer =>
  Buffer.from(canonicalJson({ redacted: evidenceId }));

/** Announces and replaces one body. The chained row, with the digest of what was signed, stays. */
export async function redact(
  pool: Pool,
  log: Pick<EventLog, 'append'>,
  evidenceId: string,
  who: Who,
  now: Date,
): Promise<Redaction> {
  const place = await evidenceOf(pool, evidenceId);
  if (place === undefined) return 'unknown';
  const replacement = placeholderOf(evidenceId);
  const replacementSha256 = createHash('sha256').update(replacement).digest('hex');
  const { sha256 } = place;
  const announcement = { type: 'EvidenceRedacted', evidenceId, sha256, replacementSha256 } as const;
  await announce(log, announcement, who, now.toISOString());
  return (await replaceBody(pool, evidenceId, place, replacement)) === 0 ? 'expired' : 'redacted';
}
