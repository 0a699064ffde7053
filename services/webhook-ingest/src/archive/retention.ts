import type { EventLog } from '@paylog/event-sourcing';
import type { Pool } from 'pg';
import { announce, type Who } from './announcements.js';
import { expireMonth, type HeldMonth, heldMonths, neededIn, prepareMonths } from './archive.sql.js';

/** The longest dispute a card scheme allows, and then some: evidence is kept at least so long. */
export const RETENTION_DAYS = 540;
const DAY_MS = 24 * 60 * 60 * 1000;
const MONTHS_AHEAD = 36;

export interface DueMonth extends HeldMonth {
  /** Bodies that are not read yet, or parked: while there is one, the month stays. */
  readonly needed: number;
}

/** Months of which every body is older than `days`. */
export async function dueMonths(pool: Pool, days: number, now: Date): Promise<DueMonth[]> {
  const before = new Date(now.getTime() - days * DAY_MS).toISOString().slice(0, 7);
  // The month that the limit lies in has younger bodies.
  const due = (await heldMonths(pool)).filter(({ month }) => month < before);
  return Promise.all(
    due.map(async (held) => ({ ...held, needed: await neededIn(pool, held.month) })),
  );
}

export interface Expired {
  readonly month: string;
  readonly bodies: number;
}

/** Announces and drops what is due, and makes room for the months to come. Safe to repeat, also after dying in between. */
export async function expireDue(
  pool: Pool,
  log: Pick<EventLog, 'append'>,
  due: readonly DueMonth[],
  days: number,
  who: Who,
  now: Date,
): Promise<Expired[]> {
  const expired: Expired[] = [];
  for (const { month, bodies, needed } of due) {
    if (needed > 0) continue;
    const announcement = { type: 'EvidenceExpired', month, retentionDays: days, bodies } as const;
    await announce(log, announcement, who, now.toISOString());
    expired.push({ month, bodies: await expireMonth(pool, month) });
  }
  await prepareMonths(pool, MONTHS_AHEAD);
  return expired;
}
