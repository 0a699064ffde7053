import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@paylog/local';
import pg from 'pg';
import { paymentOf } from './load/storefront.js';
import { judge } from './oracle/judge.js';
import { waitUntilStill } from './oracle/still.js';
import type { Violation } from './witness.js';
import type { World } from './world.js';

/** Nothing is violated when every process is ready and an order that came after the harm was paid and released. */
export async function recovered(world: World, deadlineMs: number): Promise<Violation[]> {
  const { system, load } = world;
  try {
    await Promise.race([
      recovery(world, deadlineMs),
      sleep(deadlineMs, undefined, { ref: false }).then(() => {
        throw new Error(`not within ${deadlineMs / 1_000} s`);
      }),
    ]);
    return [];
  } catch (error) {
    const states = system.status().map(({ instance, state }) => `${instance} ${state}`);
    const example = `${(error as Error).message}; ${states.join(', ')}; ${load.ackedCount} acked so far`;
    return [{ invariant: 'services-recover', examples: [example] }];
  }
}

async function recovery({ system, load, database }: World, deadlineMs: number): Promise<void> {
  await Promise.all(system.status().map(({ instance }) => system.ready(instance)));
  const order = await load.probe();
  const id = paymentOf(order);
  const client = new pg.Client({ connectionString: database('fulfillment') });
  client.on('error', () => {});
  await client.connect();
  try {
    const released = `select 1 from fulfillment.rows
      where type = 'FulfillmentReleased' and convert_from(data, 'utf8')::jsonb ->> 'paymentId' = $1`;
    await waitFor(
      `the probe ${order.orderId} (${id}) to be paid and released`,
      async () => ((await client.query(released, [id])).rowCount ? true : undefined),
      { deadlineMs, everyMs: 100 },
    );
  } finally {
    await client.end().catch(() => {});
  }
}

/** What does not recover or is stuck is judged all the same: the broken promise behind it has a name of its own. */
export async function settleAndJudge(
  { load, witness }: World,
  deadlineMs: number,
  unrecovered: readonly Violation[],
): Promise<readonly Violation[]> {
  const open = await load.pause(deadlineMs);
  const examples = open.slice(0, 5).map((story) => `${story} has not come to its end`);
  const stuck: Violation[] =
    open.length > 0
      ? [{ invariant: 'nothing-stuck', examples }]
      : await waitUntilStill(witness, { deadlineMs });
  const known = [...unrecovered, ...stuck];
  const judged = await judge(witness).catch((error: unknown) => {
    // Where something is away for good, not everything can be looked at.
    if (known.length > 0) return [];
    throw error;
  });
  const named = new Set(judged.map(({ invariant }) => invariant));
  return [...judged, ...known.filter(({ invariant }) => !named.has(invariant))];
}
