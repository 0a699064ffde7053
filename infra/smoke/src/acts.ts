import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StatefulService, waitFor } from '@paylog/local';
import pg from 'pg';
import type { Act, AtFailpoint, Freeze, KillServer, KillService, Restore, Which } from './act.js';
import { migrateWithShipped } from './migrations.js';
import { putBack } from './snapshot.js';
import type { World } from './world.js';

/** What was really done. */
export interface Performed {
  /** From here on nothing is done to the system any more: it may recover. Unix milliseconds. */
  readonly liftedAt: number;
  /** What the plan could not know. */
  readonly note?: string;
}

/** Does it, and resolves when the fault is lifted; what was hurt need not have recovered yet. */
export async function perform(act: Act, world: World): Promise<Performed> {
  switch (act.kind) {
    case 'kill':
      return 'which' in act ? killService(act, world) : killServer(act, world);
    case 'freeze':
      return freeze(act, world);
    case 'restart':
      await Promise.all(
        instancesOf(act.target, act.which, world).map((one) => world.system.restart(one)),
      );
      return lifted();
    case 'restore':
      return restore(act, world);
    case 'failpoint':
      return atFailpoint(act, world);
  }
}

const lifted = (note?: string): Performed => ({
  liftedAt: Date.now(),
  ...(note !== undefined && { note }),
});

function instancesOf(target: StatefulService, which: Which, { system }: World): string[] {
  const { instances } = system.service(target);
  return which === 'all' ? instances : [instances[(which - 1) % instances.length] as string];
}

async function killService(act: KillService, world: World): Promise<Performed> {
  const { system } = world;
  const instances = instancesOf(act.target, act.which, world);
  if (act.awayMs === 0) {
    await Promise.all(instances.map((one) => system.kill(one)));
    return lifted();
  }
  await Promise.all(instances.map((one) => system.hold(one)));
  await sleep(act.awayMs);
  for (const one of instances) system.release(one);
  return lifted();
}

async function killServer(act: KillServer, { kafka, postgres }: World): Promise<Performed> {
  const broker = act.broker ?? 1;
  const [kill, start] =
    act.target === 'kafka'
      ? [() => kafka.kill(broker), () => kafka.start(broker)]
      : [() => postgres.kill(), () => postgres.start()];
  await kill();
  await sleep(act.awayMs);
  // To be started again is the server's own recovery, and takes its time from the system's.
  const liftedAt = Date.now();
  await start();
  return { liftedAt };
}

async function freeze(act: Freeze, world: World): Promise<Performed> {
  const pids = pidsOf(instancesOf(act.target, act.which, world), world);
  try {
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await sleep(act.frozenMs);
  } finally {
    for (const pid of pids) wake(pid);
  }
  return lifted();
}

function pidsOf(instances: readonly string[], { system }: World): number[] {
  return system
    .status()
    .filter(({ instance }) => instances.includes(instance))
    .flatMap(({ pid }) => pid ?? []);
}

/** Whoever died meanwhile needs no waking. */
function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** From its start on: on a busy machine a process takes seconds to get so far. */
const REACHED_WITHIN_MS = 30_000;

async function atFailpoint(act: AtFailpoint, world: World): Promise<Performed> {
  const { system } = world;
  const [instance] = instancesOf(act.target, act.which, world) as [string];
  const before = pidsOf([instance], world);
  await system.restart(instance, { PAYLOG_FAILPOINT: act.failpoint });
  const pid = await waitFor(`${instance} to be started`, async () =>
    pidsOf([instance], world).find((one) => !before.includes(one)),
  );
  const end = await waitFor(`${instance} to reach ${act.failpoint}`, async () => stateOf(pid), {
    deadlineMs: REACHED_WITHIN_MS,
  }).catch(() => 'not reached');
  if (end === 'frozen') {
    await sleep(act.frozenMs);
    wake(pid);
  }
  // Else it would die later, or freeze with nobody to wake it.
  if (end === 'not reached') await system.restart(instance);
  return lifted(end);
}

/** Undefined while it works. */
function stateOf(pid: number): 'dead' | 'frozen' | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2)[0];
    return state === 'T' ? 'frozen' : state === 'Z' ? 'dead' : undefined;
  } catch {
    return 'dead';
  }
}

/**
 * The service is killed, its database put back, the service started again. What was promised by HTTP and is in no topic
 * yet would be lost with the database by nobody's fault, so promises rest until all that was promised is published; the
 * evidence of webhook-ingest, which is published nowhere, is excused instead.
 */
async function restore({ target }: Restore, world: World): Promise<Performed> {
  const { system, load, snapshots, excuses } = world;
  const work = async () => {
    if (target === 'intent') await published('intents', world.database(target));
    const snapshot = snapshots.nearest(target, Date.now());
    if (snapshot === undefined) throw new Error(`There is no snapshot of ${target} yet`);
    const { instances } = system.service(target);
    await Promise.all(instances.map((one) => system.hold(one)));
    await putBack(snapshot, {
      serverUrl: world.postgres.url,
      urls: system.databases[target],
      password: system.configuration.databasePassword,
      migrate: (ownerUrl) => migrateWithShipped(target, ownerUrl, world.code),
    });
    const to = Date.now();
    if (target === 'webhook-ingest') {
      excuses.push({ service: target, from: snapshot.takenAt, to });
    }
    snapshots.forget(target, snapshot.takenAt);
    for (const one of instances) system.release(one);
    return lifted(`to ${Math.round((to - snapshot.takenAt) / 1_000)} s ago`);
  };
  return target === 'intent' ? load.withoutPromises(work) : work();
}

/** Waits until everything that is in a log now is in its topic. */
async function published(schema: string, url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows: heads } = await client.query(`select lane, next_position from ${schema}.lanes`);
    const behind = `select 1 from ${schema}.relay r join jsonb_to_recordset($1) as h(lane int, next_position bigint)
      using (lane) where r.position < h.next_position`;
    await waitFor(`${schema} to be published`, async () => {
      const { rowCount } = await client.query(behind, [JSON.stringify(heads)]);
      return rowCount === 0 ? true : undefined;
    });
  } finally {
    await client.end();
  }
}
