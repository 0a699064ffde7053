import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKafka, provisionTopics } from '@paylog/kafka';
import type { System } from '@paylog/local';
import pg from 'pg';
import { ServerProcess } from '../ingest/server-process.js';

const SECRET = 'whsec_bench';
const PARTITIONS = 8;
const SERVICES = ['webhooks', 'payments', 'fulfillment'] as const;

/** The usual build beside ours: the same Kafka and Postgres, topics and databases of its own. */
export interface Usual {
  readonly url: string;
  readonly secret: string;
  readonly topic: string;
  stop(): Promise<void>;
}

export async function startUsual({ stack, brokers }: System, folder: string): Promise<Usual> {
  const topics = ['usual.notifications', 'usual.payments', 'usual.releases'];
  await provisionTopics(
    createKafka({ brokers, clientId: 'bench' }),
    topics.map((name) => ({ name, partitions: PARTITIONS, config: {} })),
  );
  const processes: ServerProcess[] = [];
  let port = 0;
  for (const service of SERVICES) {
    const process = new ServerProcess({
      main: fileURLToPath(new URL('../peers/usual-pipeline.js', import.meta.url)),
      logFile: join(folder, `usual-${service}.log`),
      environment: {
        SERVICE: service,
        DATABASE_URL: await createDatabase(stack.postgres.url, `usual_${service}`),
        KAFKA_BROKERS: brokers[0] ?? '',
        KAFKAJS_NO_PARTITIONER_WARNING: '1',
        WEBHOOK_SECRET: SECRET,
      },
    });
    processes.push(process);
    port = Math.max(port, await process.port());
  }
  return {
    url: `http://127.0.0.1:${port}/webhooks/stripe`,
    secret: SECRET,
    topic: 'usual.releases',
    stop: async () => void (await Promise.all(processes.map((each) => each.stop()))),
  };
}

async function createDatabase(superuserUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return Object.assign(new URL(superuserUrl), { pathname: `/${name}` }).href;
}
