import { atOneMoment, type Ask } from './database.js';
import type { Motion, ServiceMotion } from './evidence.js';
import { GROUP_PLACES, LOG_PLACES, SERVICES } from './places.js';
import { settleWebhooks } from './read-sandbox.js';
import { type TopicEnds, topicEnds } from './topic-ends.js';
import type { Witness } from '../witness.js';

/** Where everything stands now, in every service, topic and in what the gateway has to tell. */
export async function readMotion(witness: Witness): Promise<Motion> {
  const pendingWebhooks = await settleWebhooks(witness.sandboxUrl);
  const ends = await readEnds(witness.brokers);
  const services = await Promise.all(
    SERVICES.map((service) =>
      atOneMoment(witness.databases[service] ?? '', (ask) => readServiceMotion(ask, service)),
    ),
  );
  return { pendingWebhooks, ends, services };
}

/** Where everything stands, to be compared with another look. */
export const printOf = ({ ends, services }: Motion): string =>
  JSON.stringify([[...ends], services]);

export async function readServiceMotion(ask: Ask, service: string): Promise<ServiceMotion> {
  const schemas = LOG_PLACES.filter((place) => place.service === service).map(
    ({ schema }) => schema,
  );
  const all = (sql: (schema: string) => string) => schemas.map(sql).join(' union all ');
  const lanes = await ask<{
    schema: string;
    lane: number;
    next: string;
    relayed: string;
    topicEnd: string;
  }>(
    all(
      (schema) => `
        select '${schema}' as schema, l.lane, l.next_position as next, r.position as relayed,
          r.next_offset as "topicEnd"
        from ${schema}.lanes l join ${schema}.relay r using (lane)`,
    ),
  );
  const offsets = await ask<{ source: string; partition: number; next: string }>(
    all((schema) => `select source, partition, next from ${schema}.offsets`),
  );
  const ready = await ask(
    all((schema) => `select id from ${schema}.parked where status = 'ready'`),
  );
  const due = await ask<{ what: string }>(DUE[service] ?? 'select null as what where false');
  return {
    service,
    lanes: lanes.map(({ next, relayed, topicEnd, ...lane }) => ({
      ...lane,
      next: Number(next),
      relayed: Number(relayed),
      topicEnd: Number(topicEnd),
    })),
    offsets: offsets.map(({ next, ...offset }) => ({ ...offset, next: Number(next) })),
    ready: ready.length,
    due: due.map(({ what }) => what),
  };
}

/** Payments and statements that the service itself says it will look at again. */
const DUE: Readonly<Record<string, string>> = {
  // What is held may wait for its storefront until it expires: that is looked at days later.
  intent: `
    select payment_id || ' (' || why || ')' as what from work
    where lease is not null or why not in ('nothing to do', 'held for a capture')
      or (due_at is not null and why <> 'held for a capture') order by 1`,
  reconciliation: `
    select statement_id || ' (' || status || ')' as what from books.statements
    where status in ('staged', 'decided') order by 1`,
  fulfillment: `select payment_id || ' (not decided about)' as what from knowledge where due order by 1`,
};

const TOPICS = [...new Set(GROUP_PLACES.flatMap(({ topics }) => topics))];
const RELAYED = LOG_PLACES.flatMap(({ topic }) => topic ?? []);

async function readEnds(brokers: readonly string[]): Promise<Map<string, number[]>> {
  const ends = await topicEnds(brokers, [...new Set([...TOPICS, ...RELAYED])]);
  const sorted = (partitions: TopicEnds) =>
    partitions.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
  return new Map([...ends].map(([topic, partitions]) => [topic, sorted(partitions)]));
}
