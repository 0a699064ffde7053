// One process of the fault specs: `node worker.js append|relay|follow <json>`. Prints a line for each
// thing that was promised, so that a spec can hold the log to it after a kill.
import { createPool } from '@paylog/postgres';
import { startFollower } from '../follower.js';
import { GroupCommit } from '../group-commit.js';
import { postgresLog } from '../postgres-log.js';
import { startRelay } from '../relay.js';
import type { Logger } from '../log.js';
import { newAppend, silent } from './rows.js';
import { FileTopic } from './topics.js';

export interface WorkerJob {
  url: string;
  /** append: distinguishes its keys and streams. */
  writer?: string;
  count?: number;
  concurrency?: number;
  /** relay: the topic's directory. */
  directory?: string;
}

const LANES = 4;
const logger: Logger = { ...silent, error: (_, message) => console.error(message) };
const [role, job] = [process.argv[2], JSON.parse(process.argv[3] ?? '{}') as WorkerJob];
const pool = createPool(job.url, { name: `worker ${role}`, max: 4, connectTimeoutMs: 20_000 });

if (role === 'append') await append();
else if (role === 'relay') await relay();
else if (role === 'follow') await follow();
else throw new Error(`no role ${role}`);

/** Three of four appends go to streams of its own, the fourth to one that all writers share. */
async function append(): Promise<void> {
  const { writer = 'w', count = 1000, concurrency = 64 } = job;
  const group = new GroupCommit(await postgresLog(pool, 'payments', { settleTimeoutMs: 5_000 }));
  const versions = new Map<string, number>();
  let next = 0;
  const submit = async (n: number): Promise<void> => {
    const shared = n % 4 === 3;
    const stream = shared ? `shared-${n % 40}` : `${writer}-${n}`;
    const lane = shared ? (n % 40) % LANES : n % LANES;
    for (;;) {
      const version = versions.get(stream) ?? 0;
      const answer = await group.submit(newAppend(`${writer}-${n}`, stream, version, { lane }));
      if (answer.status === 'version_conflict') {
        versions.set(stream, answer.version);
      } else if (answer.status === 'appended' || answer.status === 'duplicate') {
        if (answer.status === 'appended') versions.set(stream, answer.version);
        say(`acked ${writer}-${n}`);
        return;
      } else {
        throw new Error(JSON.stringify(answer));
      }
    }
  };
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < count) await submit(next++);
    }),
  );
  await pool.end();
  say('done');
}

async function relay(): Promise<void> {
  const target = new FileTopic(job.directory ?? '.');
  const started = await startRelay({ pool, schema: 'payments', target, logger });
  say('up');
  process.on('SIGTERM', () => void started.stop().then(() => process.exit(0)));
}

async function follow(): Promise<void> {
  const log = await postgresLog(pool, 'payments');
  const copy = await postgresLog(pool, 'copy');
  const follower = await startFollower({
    pool,
    log,
    cursor: copy,
    logger,
    into: async ({ rows, input }) => {
      const appends = rows.map(({ key, lane }) => newAppend(key, `copy-${key}`, 0, { lane }));
      const answers = await copy.append(appends, { input });
      return answers.some(({ status }) => status === 'offset_moved') ? 'fenced' : 'committed';
    },
  });
  say('up');
  process.on('SIGTERM', () => void follower.stop().then(() => process.exit(0)));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
