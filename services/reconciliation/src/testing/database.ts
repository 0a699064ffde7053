import { generateKeyPairSync } from 'node:crypto';
import { type EventLog, openLanes, postgresLog } from '@paylog/event-sourcing';
import type { GatewayAccount, Payout, SettlementSource } from '@paylog/gateways';
import { createLogger } from '@paylog/observability';
import { createDataSource, createPool, migrate } from '@paylog/postgres';
import { createServiceDatabase } from '@paylog/testing';
import pg from 'pg';
import { PaymentsIngest } from '../ingest/payments-ingest.js';
import type { Change } from '../ledger/post.js';
import { Importer, type ImporterOptions, type OwnSide } from '../statement/importer.js';
import { createSigner } from '../statement/signature.js';
import type { Statement } from '../statement/statement.js';
import { ACCOUNT, batchOf, GROUP } from './payments.js';
import { csvOf, TERMS } from './reports.js';

const SCHEMAS = ['ledger', 'settlement', 'exceptions', 'results'] as const;
type Logs = Readonly<Record<(typeof SCHEMAS)[number], EventLog>>;

/** The service on a database of its own, without Kafka. */
export interface Service {
  readonly pool: pg.Pool;
  readonly logs: Logs;
  readonly ingest: PaymentsIngest;
  /** Runs as superuser. */
  asSuperuser(sql: string): Promise<void>;
  /** Events as one Kafka batch of their payment. */
  tell(...changes: readonly Change[]): Promise<void>;
  drop(): Promise<void>;
}

export async function startTestService(): Promise<Service> {
  const { MIGRATIONS } = await import('../migrations/index.js');
  const database = await createServiceDatabase('reconciliation');
  const source = createDataSource(database.ownerUrl, { migrations: MIGRATIONS });
  await migrate(source);
  await source.destroy();
  const pool = createPool(database.serviceUrl, { name: 'reconciliation spec' });
  const logs = {} as Record<(typeof SCHEMAS)[number], EventLog>;
  for (const schema of SCHEMAS) {
    await openLanes(pool, schema);
    logs[schema] = await postgresLog(pool, schema);
  }
  const ingest = new PaymentsIngest(pool, logs.ledger, GROUP, silent());
  return {
    pool,
    logs,
    ingest,
    async asSuperuser(sql) {
      const client = new pg.Client(database.url);
      await client.connect();
      await client.query(sql).finally(() => client.end());
    },
    async tell(...changes) {
      const source = `${GROUP}/payments.events.v1`;
      for (const change of changes) {
        const { partition } = batchOf([change], 0n);
        const next = (await logs.ledger.offset(source, partition)) ?? 0n;
        const outcome = await ingest.take(batchOf([change], next));
        if (outcome !== 'committed') throw new Error(`the batch was ${outcome}`);
      }
    },
    async drop() {
      await pool.end();
      await database.drop();
    },
  };
}

export function silent() {
  return createLogger('reconciliation', { level: 'silent' });
}

export const account: GatewayAccount = {
  account: ACCOUNT,
  gateway: 'stripe',
  mode: 'test',
  apiBaseUrl: 'http://127.0.0.1:1',
  webhookSecrets: [],
  settlement: TERMS,
};

const { privateKey } = generateKeyPairSync('ed25519');
export const SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A gateway that lists what it was given, and counts how often a report is taken. */
export class FakeGateway implements SettlementSource {
  readonly account = ACCOUNT;
  reports = 0;
  readonly #payouts = new Map<string, { payout: Payout; file: Buffer }>();

  pays(
    statement: Statement,
    file: Buffer | Parameters<typeof csvOf>[0],
    over: Partial<Payout> = {},
  ) {
    const payout: Payout = {
      statement: statement.statement,
      amount: statement.payout,
      status: 'paid',
      createdAt: statement.createdAt,
      arrivalAt: statement.createdAt,
      linesReady: true,
      ...over,
    };
    const bytes = Buffer.isBuffer(file) ? file : csvOf(file);
    this.#payouts.set(payout.statement, { payout, file: bytes });
  }

  /** All of them: the specs' dates are older than any `since`. */
  async *payouts(): AsyncGenerator<Payout> {
    for (const { payout } of this.#payouts.values()) yield payout;
  }

  async report({ statement }: Payout): Promise<AsyncIterable<Uint8Array> | undefined> {
    this.reports += 1;
    const file = this.#payouts.get(statement)?.file ?? Buffer.alloc(0);
    async function* inPieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < file.length; at += 50) yield file.subarray(at, at + 50);
    }
    return inPieces();
  }
}

const AT_THE_END: OwnSide = { mark: async () => 0, reached: async () => true };

export function importerOf(
  { pool, logs }: Pick<Service, 'pool' | 'logs'>,
  source: SettlementSource,
  over: Partial<ImporterOptions> = {},
): Importer {
  return new Importer({
    pool,
    account,
    source,
    logs,
    ownSide: AT_THE_END,
    sign: createSigner(SIGNING_KEY),
    graceMs: 0,
    logger: silent(),
    ...over,
  });
}
