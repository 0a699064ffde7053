import { hash } from 'node:crypto';
import { stableId } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import type { MissedEvents, PolledEvent } from '@paylog/gateways';
import { counter, type Logger } from '@paylog/observability';
import { appendInFlushes, stands } from '@paylog/service';
import type { Pool } from 'pg';
import { type Evidence, toAppend } from '../ingest/evidence.js';
import { fetchedBefore, forgetFetched, rememberFetched } from './missed.sql.js';

const atListMissed = crossing('webhook-ingest.list-missed');

const fetched = counter(
  'paylog_missed_events_total',
  'Events that no webhook brought, fetched from the gateway',
  ['account'],
);

const HOUR_MS = 3_600_000;
/** As far back as Stripe keeps events. */
const KEPT_MS = 30 * 24 * HOUR_MS;
/** Clocks differ, and an event may be listed late. */
const OVERLAP_MS = HOUR_MS;
const STORED_AT_ONCE = 100;

export interface MissedEventsOptions {
  readonly pool: Pool;
  readonly evidence: EventLog;
  readonly gateway: string;
  readonly source: () => MissedEvents | undefined;
  /** Younger events are left to their webhooks. */
  readonly afterMs: number;
  readonly logger: Logger;
  readonly now?: () => Date;
}

/**
 * Events that the gateway could not deliver become evidence of source `poll`, and go the way of all evidence. When their
 * webhook comes after all, it tells the same facts under the same ids: nothing changes.
 */
export class MissedEventsPoll {
  readonly #options: MissedEventsOptions;
  readonly #now: () => Date;
  /** All that was created before it and could be missed was looked at by this process. */
  #lookedUntilMs: number | undefined;

  constructor(options: MissedEventsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  /** Answers how many it stored. For one process an account at a time. */
  async round(): Promise<number> {
    const { source: now, afterMs } = this.#options;
    const source = now();
    if (source === undefined) return 0;
    const startedAt = this.#now();
    const from = (this.#lookedUntilMs ?? startedAt.getTime() - KEPT_MS) - OVERLAP_MS;
    const all = await atListMissed(() => listed(source, new Date(from)));
    const due = all.filter(
      ({ createdAt }) => startedAt.getTime() - Date.parse(createdAt) >= afterMs,
    );
    let stored = 0;
    for (let i = 0; i < due.length; i += STORED_AT_ONCE) {
      stored += await this.#store(source, due.slice(i, i + STORED_AT_ONCE), startedAt);
    }
    if (this.#lookedUntilMs === undefined) {
      const gone = new Date(startedAt.getTime() - 2 * KEPT_MS);
      await forgetFetched(this.#options.pool, source.account, gone);
    }
    this.#lookedUntilMs = startedAt.getTime() - afterMs;
    return stored;
  }

  async #store(
    { account, key }: MissedEvents,
    events: readonly PolledEvent[],
    at: Date,
  ): Promise<number> {
    const { pool, evidence, gateway, logger } = this.#options;
    const before = await fetchedBefore(
      pool,
      account,
      events.map(({ id }) => id),
    );
    const missed = events.filter(({ id }) => !before.has(id));
    if (missed.length === 0) return 0;
    const appends = missed.map((event) =>
      toAppend(polled(event, { account, gateway, key, at }), event.body),
    );
    const answers = await appendInFlushes(evidence, appends);
    const bad = answers.find((answer) => !stands(answer));
    if (bad) throw new Error(`a missed event could not be stored: ${JSON.stringify(bad)}`);
    await rememberFetched(
      pool,
      account,
      missed.map(({ id }) => id),
    );
    fetched.inc({ account }, missed.length);
    for (const { id, type, createdAt } of missed) {
      logger.info({ account, eventId: id, eventType: type, createdAt }, 'missed event fetched');
    }
    return missed.length;
  }
}

async function listed(source: MissedEvents, since: Date): Promise<PolledEvent[]> {
  const events: PolledEvent[] = [];
  for await (const event of source.undelivered(since.toISOString())) events.push(event);
  return events;
}

interface Asked {
  readonly account: string;
  readonly gateway: string;
  /** Name of the key it was asked with: it vouches for the answer. */
  readonly key: string;
  readonly at: Date;
}

function polled(
  { id: eventId, body }: PolledEvent,
  { account, gateway, key, at }: Asked,
): Evidence {
  const sha256 = hash('sha256', body, 'hex');
  return {
    id: stableId('evd', account, eventId, sha256),
    gateway,
    account,
    eventId,
    sha256,
    bytes: body.length,
    receivedAt: at.toISOString(),
    secret: key,
    headers: {},
    source: 'poll',
  };
}
