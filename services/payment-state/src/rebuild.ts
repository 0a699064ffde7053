import { parseArgs } from 'node:util';
import { PAYMENTS_EVENTS } from '@paylog/contracts';
import { fromTopic, postgresLog } from '@paylog/event-sourcing';
import { readConfig } from '@paylog/http';
import { createKafka, kafkaRelayTarget } from '@paylog/kafka';
import { createLogger } from '@paylog/observability';
import { createPool } from '@paylog/postgres';
import { BASE_SETTINGS } from '@paylog/service';
import { rebuildPayments, type RebuiltPayments } from './rebuild/rebuild.js';

const USAGE = `rebuild --from postgres|kafka [--swap]

Folds every payment anew and compares with the read model. Prints one JSON line; exit 1 when they differ.
When they are equal the fresh read model replaces the old one; with --swap also when they differ.
`;

const { databaseOwnerUrl, brokers } = BASE_SETTINGS;
const { values } = parseArgs({ options: { from: { type: 'string' }, swap: { type: 'boolean' } } });
const from = values.from;
if (from !== 'postgres' && from !== 'kafka') {
  process.stderr.write(USAGE);
  process.exit(64); // EX_USAGE
}
const config = readConfig({ databaseOwnerUrl, brokers });
const logger = createLogger('payment-state-rebuild');
const pool = createPool(config.databaseOwnerUrl, {
  name: 'payment-state-rebuild',
  max: 3,
  connectTimeoutMs: 5_000,
  transactionTimeoutMs: 0,
  logger,
});

async function run(): Promise<RebuiltPayments> {
  const log = await postgresLog(pool, 'payments');
  const swap = values.swap ?? false;
  if (from === 'postgres') return rebuildPayments({ pool, log, swap });
  const kafka = createKafka({ brokers: [...config.brokers], clientId: 'payment-state-rebuild' });
  const target = kafkaRelayTarget(kafka, PAYMENTS_EVENTS, { logger });
  try {
    return await rebuildPayments({ pool, log, source: fromTopic(target), swap });
  } finally {
    await target.close();
  }
}

try {
  const result = await run();
  process.stdout.write(`${JSON.stringify({ from, ...result })}\n`);
  process.exitCode = result.equal ? 0 : 1;
} catch (error) {
  logger.error({ err: error }, 'the rebuild failed; the read model is as it was');
  process.exitCode = 2;
} finally {
  await pool.end();
}
