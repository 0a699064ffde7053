import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FULFILLMENT_EVENTS, stableId } from '@paylog/contracts';
import { ACCOUNT, newFolder, startSystem } from '@paylog/local';
import type { Bench, BenchOptions, Contender, OpenBench } from '../bench.js';
import type { Measured } from '../measured.js';
import type { Drive, Driven } from './driver.js';
import { Floor } from './floor.js';
import { Intents } from './intents.js';
import { Stillness } from './stillness.js';
import { startUsual } from './usual.js';

/** Webhooks a second, and how many of them a round. */
const LOADS = [
  { perSecond: 200, count: 800 },
  { perSecond: 1_000, count: 2_000 },
] as const;

/** Services live for weeks: both builds have compiled what they run often before anything is measured. */
const WARM_UP = { perSecond: 200, count: 4_000 } as const;

export const endToEnd: Bench = {
  name: 'end-to-end',
  about: 'from a webhook to the release on its topic, all services as processes, at a fixed rate',
  compares: 'latency',
  open,
};

async function open({ rows, say }: BenchOptions): Promise<OpenBench> {
  const folder = newFolder('bench-end-to-end');
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const system = await startSystem({
      folder,
      announce: false,
      environment: { NODE_ENV: 'production' },
      report: say,
    });
    closing.push(() => system.stop());
    const intents = new Intents(system);
    closing.push(() => intents.close());
    const usual = await startUsual(system, folder);
    closing.push(() => usual.stop());
    const floor = await Floor.open(system.stack.postgres.url, system.brokers);
    closing.push(() => floor.close());
    const driver = fork(fileURLToPath(new URL('./driver.js', import.meta.url)));
    closing.push(async () => driver.disconnect());

    const still = await Stillness.open(system.stack.postgres.url);
    closing.push(() => still.close());

    const { brokers, configuration } = system;
    const url = `${system.service('webhook-ingest').urls[0]}/webhooks/stripe/${ACCOUNT}`;
    const secret = configuration.secrets.STRIPE_MAIN_WEBHOOK_SECRET;
    const ours = { url, secret, topic: FULFILLMENT_EVENTS };
    const drive = async (payments: string[], perSecond: number, where: Where) => {
      await still.wait();
      const common = { brokers, perSecond, type: 'FulfillmentReleased' };
      return measured(await driven(driver, { ...common, ...where, payments }));
    };
    say('warming up');
    await drive(await intents.accept(WARM_UP.count), WARM_UP.perSecond, ours);
    await drive(strangers(WARM_UP.count), WARM_UP.perSecond, usual);

    const contenders = LOADS.flatMap(({ perSecond, count: usually }): Contender[] => {
      const count = rows ?? usually;
      const group = `${perSecond} a second`;
      return [
        {
          key: `ours at ${group}`,
          role: 'ours',
          group,
          round: async () => drive(await intents.accept(count), perSecond, ours),
        },
        {
          key: `usual build (outbox polled) at ${group}`,
          role: 'peer',
          group,
          round: () => drive(strangers(count), perSecond, usual),
        },
        {
          key: `three commits + two hops, beside ${group}`,
          role: 'limit',
          group,
          round: async () => {
            await still.wait();
            return floor.measure();
          },
        },
      ];
    });
    return { contenders, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Where = Pick<Drive, 'url' | 'secret' | 'topic'>;

async function driven(driver: ChildProcess, drive: Drive): Promise<Driven> {
  driver.send(drive);
  const [result] = (await once(driver, 'message')) as [Driven];
  return result;
}

/** Webhooks acknowledged, and releases read from the topic: none may be missing. */
function measured({ acked, released, seconds, latencyMs }: Driven): Measured {
  return { rows: released, acked, seconds, latencyMs };
}

let named = 0;
const strangers = (count: number): string[] =>
  Array.from({ length: count }, () => stableId('pay', String(Date.now()), String(named++)));
