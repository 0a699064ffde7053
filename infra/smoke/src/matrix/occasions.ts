import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ACCOUNT, type StatefulService } from '@paylog/local';
import pg from 'pg';
import { perform } from '../acts.js';
import { ask } from '../load/insist.js';
import { LOG_PLACES } from '../oracle/places.js';
import type { Violation } from '../witness.js';
import type { World } from '../world.js';
import { armedWith, type Killed, until } from './chain.js';
import { LogWatch } from './log-watch.js';
import type { Target } from './reach.js';

export interface Played extends Killed {
  readonly violations: readonly Violation[];
}

/** Brings about what the load does not, with every process of the service armed: the first one to come there dies. */
export async function killOnOccasion(
  world: World,
  { service, name, occasion }: Target,
  reachedWithinMs: number,
): Promise<Played> {
  switch (occasion) {
    case 'topic ahead':
      return killArmed(world, service, name, reachedWithinMs, () => forgetCursors(world, service));
    case 'restored':
      return killArmed(world, service, name, reachedWithinMs, async () => {
        await perform({ kind: 'restore', target: service }, world);
      });
    case 'report first':
      return killArmed(world, service, name, reachedWithinMs, () => reportFirst(world));
    case 'rebuild':
      return killRebuild(world, name);
    case 'load':
      throw new Error(`${name} needs nothing but load`);
  }
}

/** Ends what brought it about, once it has happened or is given up. */
type Undo = () => void;

async function killArmed(
  { system, folder }: World,
  service: StatefulService,
  name: string,
  reachedWithinMs: number,
  bringAbout: () => Promise<Undo | void>,
): Promise<Played> {
  const { instances } = system.service(service);
  const logs = instances.map((instance) => new LogWatch(join(folder, 'logs'), instance));
  for (const instance of instances) system.arm(instance, armedWith(name));
  const undo = await bringAbout();
  const hit = () => logs.some((log) => log.hits().includes(name));
  const died = await until(hit, reachedWithinMs);
  const lastDeathAt = died ? Date.now() : 0;
  // Who has not come there is ended without ceremony: nobody may be armed any more.
  await Promise.all(instances.map((instance) => system.kill(instance)));
  undo?.();
  return {
    reached: died ? [name] : [],
    notReached: died ? [] : [name],
    lastDeathAt,
    violations: [],
  };
}

/**
 * The relay's cursor is a hint, whose commits do not wait for the disk: after a crash of the server it may be any older
 * one, and the topic is then ahead of it.
 */
async function forgetCursors({ system, database }: World, service: StatefulService): Promise<void> {
  const { instances } = system.service(service);
  await Promise.all(instances.map((instance) => system.hold(instance)));
  const client = new pg.Client({ connectionString: database(service) });
  await client.connect();
  try {
    for (const { schema, topic } of LOG_PLACES.filter((place) => place.service === service)) {
      if (topic === undefined) continue;
      await client.query(`update ${schema}.relay set position = 0, next_offset = 0`);
    }
  } finally {
    await client.end();
    for (const instance of instances) system.release(instance);
  }
}

/** payment-state is away while an order is paid, and the gateway reports it at once. */
async function reportFirst({ system, load }: World): Promise<Undo> {
  const { instances } = system.service('payment-state');
  await Promise.all(instances.map((instance) => system.hold(instance)));
  // Armed is who starts from now on.
  await Promise.all(
    system.service('reconciliation').instances.map((instance) => system.kill(instance)),
  );
  await load.probe();
  await ask(`${system.sandboxUrl}/sandbox/payouts`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${system.operatorKey}`,
    },
    body: JSON.stringify({ account: ACCOUNT }),
  });
  return () => instances.forEach((instance) => system.release(instance));
}

const REBUILD_TRIES = 5;

/** Killed in the middle, the rebuild leaves everything as it was: run again it ends, and finds both equal. */
async function killRebuild(world: World, name: string): Promise<Played> {
  const first = await rebuild(world, armedWith(name));
  const died = first.signal === 'SIGKILL';
  const lastDeathAt = died ? Date.now() : 0;
  const result = { reached: died ? [name] : [], notReached: died ? [] : [name], lastDeathAt };
  let second = await rebuild(world, {});
  // The lock of the one that was killed ends a moment after it.
  for (let tries = 1; second.code !== 0 && tries < REBUILD_TRIES; tries += 1) {
    second = await rebuild(world, {});
  }
  if (second.code === 0) return { ...result, violations: [] };
  const examples = [`after a rebuild killed at ${name}: ${second.said}`];
  return { ...result, violations: [{ invariant: 'live-equals-rebuilt', examples }] };
}

interface Ended {
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
  readonly said: string;
}

function rebuild({ code, witness }: World, environment: NodeJS.ProcessEnv): Promise<Ended> {
  const script = join(code, 'services', 'payment-state', 'dist', 'rebuild.js');
  const env = {
    ...process.env,
    ...witness.environment,
    DATABASE_URL: witness.rebuild.url,
    DATABASE_OWNER_URL: witness.rebuild.ownerUrl,
    KAFKA_BROKERS: witness.brokers.join(','),
    ...environment,
  };
  return new Promise((resolve) => {
    const options = { env, timeout: 60_000 };
    execFile(process.execPath, [script, '--from', 'postgres'], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      const said = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? '';
      resolve({ code, signal: error?.signal ?? undefined, said });
    });
  });
}
