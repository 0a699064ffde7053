import { GROUPS } from '@paylog/contracts';
import pg from 'pg';
import type { World } from '../world.js';
import type { Sent } from './kafka-flood.js';

type Service = Parameters<World['database']>[0];

/** What became of one topic's flood in one group that reads it. */
export interface SetAside {
  readonly group: string;
  readonly topic: string;
  /** Of the flood's messages: set aside, and taken at their word. */
  readonly parked: number;
  readonly taken: number;
  /** Hopeless messages that were not set aside, as `partition/offset`. */
  readonly missed: readonly string[];
}

/** The logs that hold the parked rows of a service's groups. */
const SCHEMAS: Readonly<Record<string, readonly string[]>> = {
  intent: ['intents'],
  'webhook-ingest': ['facts'],
  'payment-state': ['payments'],
  fulfillment: ['fulfillment', 'notifications'],
  reconciliation: ['ledger', 'settlement', 'exceptions', 'results'],
};

/**
 * Counts what each group set aside of the flood, one by one, and then takes it away, as an operator who discards it all
 * would in the end: what is parked after that is not the flood's, and is judged like anywhere else.
 */
export async function countAndClear(world: World, sent: readonly Sent[]): Promise<SetAside[]> {
  const found: SetAside[] = [];
  for (const { group, service, topics } of Object.values(GROUPS)) {
    const client = new pg.Client({ connectionString: world.database(service as Service) });
    client.on('error', () => {});
    await client.connect();
    try {
      for (const one of sent.filter(({ topic }) => (topics as readonly string[]).includes(topic))) {
        found.push(await ofGroup(client, group, SCHEMAS[service] ?? [], one));
      }
    } finally {
      await client.end();
    }
  }
  return found;
}

async function ofGroup(
  client: pg.Client,
  group: string,
  schemas: readonly string[],
  { topic, count, offsets, hopeless }: Sent,
): Promise<SetAside> {
  const source = `${group}/${topic}`;
  let parked = 0;
  const missed: string[] = [];
  for (const [partition, all] of offsets.entries()) {
    const there = new Set<number>();
    for (const schema of schemas) {
      const { rows } = await client.query<{ offset: string }>(
        `delete from ${schema}.parked where source = $1 and partition = $2
         and "offset" = any($3::bigint[]) returning "offset"`,
        [source, partition, all],
      );
      for (const { offset } of rows) there.add(Number(offset));
    }
    parked += there.size;
    for (const offset of hopeless[partition] ?? []) {
      if (!there.has(offset)) missed.push(`${partition}/${offset}`);
    }
  }
  return { group, topic, parked, taken: count - parked, missed };
}
