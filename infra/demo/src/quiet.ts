import { GROUPS } from '@paylog/contracts';
import { type StatefulService, STATEFUL_SERVICES, waitFor } from '@paylog/local';
import type { Admin } from 'kafkajs';
import { LOGS } from './logs.js';
import type { RunningSystem } from './system.js';

const DEADLINE_MS = 120_000;
const LOOK_EVERY_MS = 300;

/** Where everything stood at one look: what still moves, and a print of all positions. */
interface Look {
  readonly moving: readonly string[];
  readonly print: string;
}

/**
 * Waits until nothing moves any more: every webhook acknowledged and mapped, every log relayed to its topic, every topic
 * read to its end by each of its groups, nothing decided upon is waiting; and twice in a row the same positions.
 */
export async function waitUntilQuiet(system: RunningSystem): Promise<void> {
  const admin = system.kafka.admin();
  await admin.connect();
  let before = '';
  let moving: readonly string[] = [];
  try {
    await waitFor(
      'everything to come to rest',
      async () => {
        const look = await lookAround(system, admin);
        const rests = look.moving.length === 0 && look.print === before;
        before = look.print;
        moving = look.moving;
        return rests ? true : undefined;
      },
      { deadlineMs: DEADLINE_MS, everyMs: LOOK_EVERY_MS },
    ).catch((error: Error) => {
      throw new Error(`${error.message}; still moving: ${moving.join('; ') || 'positions'}`);
    });
  } finally {
    await admin.disconnect();
  }
}

async function lookAround(system: RunningSystem, admin: Admin): Promise<Look> {
  const moving: string[] = [];
  const { pending } = await system.sandbox().post<{ pending: number }>('/sandbox/settle', {});
  if (pending > 0) moving.push(`${pending} webhooks nobody has acknowledged`);
  const ends = await topicEnds(admin);
  const prints: string[] = [JSON.stringify([...ends])];
  for (const service of STATEFUL_SERVICES) {
    const positions = await positionsOf(system, service);
    prints.push(JSON.stringify(positions));
    moving.push(...behindOf(service, positions, ends));
  }
  const { due } = await system.operator('fulfillment').get<{ due: number }>('/operations/releases');
  if (due > 0) moving.push(`fulfillment has ${due} payments to decide about`);
  return { moving, print: prints.join() };
}

type Ends = ReadonlyMap<string, ReadonlyMap<number, bigint>>;

async function topicEnds(admin: Admin): Promise<Ends> {
  const topics = [...new Set(Object.values(GROUPS).flatMap((group) => group.topics))];
  const entries = topics.map(async (topic) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return [topic, new Map(offsets.map((one) => [one.partition, BigInt(one.high)]))] as const;
  });
  return new Map(await Promise.all(entries));
}

interface Positions {
  readonly lanes: readonly { schema: string; lane: number; next: string; relayed: string }[];
  readonly offsets: readonly { source: string; partition: number; next: string }[];
  readonly ready: number;
}

async function positionsOf(system: RunningSystem, service: StatefulService): Promise<Positions> {
  const pool = system.database(service);
  const schemas = LOGS.filter((log) => log.service === service).map(({ schema }) => schema);
  const all = (sql: (schema: string) => string) => schemas.map(sql).join(' union all ');
  const lanes = await pool.query(
    all(
      (schema) =>
        `select '${schema}' as schema, l.lane, l.next_position as next, r.position as relayed
         from ${schema}.lanes l join ${schema}.relay r using (lane)`,
    ),
  );
  const offsets = await pool.query(
    all((schema) => `select source, partition, next from ${schema}.offsets`),
  );
  const ready = await pool.query<{ id: string }>(
    all((schema) => `select id from ${schema}.parked where status = 'ready'`),
  );
  return { lanes: lanes.rows, offsets: offsets.rows, ready: ready.rows.length };
}

function behindOf(service: StatefulService, positions: Positions, ends: Ends): string[] {
  const behind: string[] = [];
  if (positions.ready > 0) behind.push(`${service} has ${positions.ready} rows to replay`);
  const read = new Map(
    positions.offsets.map(({ source, partition, next }) => [`${source}/${partition}`, next]),
  );
  for (const { schema, topic, followedBy } of LOGS.filter((log) => log.service === service)) {
    for (const { lane, next, relayed } of positions.lanes.filter((one) => one.schema === schema)) {
      if (topic && relayed !== next)
        behind.push(`${schema}/${lane} is relayed to ${relayed} of ${next}`);
      const followed = read.get(`log:${schema}/${lane}`) ?? '0';
      if (followedBy && followed !== next) {
        behind.push(`${schema}/${lane} is followed to ${followed} of ${next}`);
      }
    }
  }
  for (const { group, topics } of Object.values(GROUPS).filter((one) => one.service === service)) {
    for (const topic of topics) {
      for (const [partition, end] of ends.get(topic) ?? []) {
        const next = BigInt(read.get(`${group}/${topic}/${partition}`) ?? 0);
        if (next < end) behind.push(`${group} has read ${topic}/${partition} to ${next} of ${end}`);
      }
    }
  }
  return behind;
}
