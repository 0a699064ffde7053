// Before the projects `int` and `fault`: one Kafka and one Postgres for the whole run, given to the specs by environment.
import { existsSync } from 'node:fs';

const built = new URL('../../../infra/local/dist/index.js', import.meta.url);

export default async function setUp() {
  const given = { postgres: process.env.TEST_PG_URL, kafka: process.env.TEST_KAFKA_BROKERS };
  if (given.postgres && given.kafka) return; // Another project's set-up was here first, or somebody has a stack.
  if (!existsSync(built)) {
    throw new Error('Integration specs need the local stack built: run `npm run build` first');
  }
  const { newFolder, removeAtEnd, startStack } = await import(built.href);
  const folder = newFolder('test');
  removeAtEnd(folder);
  const stack = await startStack({
    folder,
    postgresUrl: given.postgres,
    kafkaBrokers: given.kafka?.split(','),
    fast: true,
  });
  process.env.TEST_PG_URL = stack.postgres.url;
  process.env.TEST_KAFKA_BROKERS = stack.kafka.brokers.join(',');
  globalThis.paylogTestStack = stack;
  process.stderr.write(
    `Tests run on Kafka (${stack.kafka.source}) and Postgres (${stack.postgres.source})\n`,
  );
}
