import { type DynamicModule, Module } from '@nestjs/common';
import {
  GROUPS,
  LEDGER_ENTRIES,
  PAYMENTS_EVENTS,
  RECONCILIATION_EXCEPTIONS,
  RECONCILIATION_RESULTS,
  SETTLEMENT_FACTS,
} from '@paylog/contracts';
import {
  createStripeSettlement,
  followingSettlement,
  forAccounts,
  type GatewayAccount,
} from '@paylog/gateways';
import { startLoop } from '@paylog/kafka';
import { PARKED_LOGS, ParkedController, type ServiceParts } from '@paylog/service';
import type { ReconciliationConfig } from './config.js';
import { OwnReader } from './ingest/own-side.js';
import { PaymentsController } from './ingest/payments.controller.js';
import { PaymentsIngest } from './ingest/payments-ingest.js';
import { publishNews } from './publish/publish-news.js';
import { reproject } from './publish/reproject.js';
import { DaysController } from './query/days.controller.js';
import { ExceptionsController } from './query/exceptions.controller.js';
import { LedgerController } from './query/ledger.controller.js';
import { StatementsController } from './query/statements.controller.js';
import { startImportLoop } from './statement/import-loop.js';
import { Importer, type ImporterOptions } from './statement/importer.js';
import { createSigner } from './statement/signature.js';
import { PAYMENTS, POOL } from './tokens.js';

@Module({})
class ReconciliationModule {}

/** The books are read by people and by statements of days: what comes in this time is posted at once. */
const GATHER_MS = 500;
const NEWS_EVERY_MS = 1_000;

type Config = Pick<
  ReconciliationConfig,
  'accounts' | 'signingKey' | 'statementPollMs' | 'graceMs' | 'gatewayTimeoutMs'
>;

/** The composition root: events of payments and reports of gateways in, entries, exceptions and closed statements out. */
export async function compose(parts: ServiceParts, config: Config): Promise<DynamicModule> {
  const { pool, kafka, logger } = parts;
  const { group, topics } = GROUPS.reconciliationPayments;
  const ledger = await parts.openLog('ledger');
  const settlement = await parts.openLog('settlement');
  const exceptions = await parts.openLog('exceptions');
  const results = await parts.openLog('results');
  await parts.relay('ledger', LEDGER_ENTRIES, { onReimported: reproject });
  await parts.relay('settlement', SETTLEMENT_FACTS);
  await parts.relay('exceptions', RECONCILIATION_EXCEPTIONS);
  await parts.relay('results', RECONCILIATION_RESULTS);

  const payments = new PaymentsIngest(pool, ledger, group, logger);
  parts.consume({ group, topics, log: ledger, coPartitioned: true, gatherMs: GATHER_MS });
  parts.parking(ledger, (rows) => payments.replay(rows));
  parts.operations([ledger]);

  const news = startLoop(NEWS_EVERY_MS, logger, 'exceptions not published', () =>
    publishNews(pool, exceptions, logger),
  );
  parts.onStop('news', () => news.stop());

  const ownSide = new OwnReader(kafka, ledger, group, PAYMENTS_EVENTS);
  parts.onStop('own side', () => ownSide.close());
  const sign = createSigner(config.signingKey);
  const shared = { pool, ownSide, sign, graceMs: config.graceMs, logger };
  const timeoutMs = config.gatewayTimeoutMs;
  const sources = forAccounts(config.accounts, (one) => createStripeSettlement(one, { timeoutMs }));
  parts.onStop('accounts', async () => config.accounts.stop());
  for (const account of config.accounts.current()) {
    if (account.gateway !== 'stripe') continue; // Of the others we read webhooks only.
    const source = followingSettlement(account.account, sources);
    const logs = { ledger, settlement, exceptions, results };
    startImporting(parts, { ...shared, account, source, logs }, config.statementPollMs);
  }

  return {
    module: ReconciliationModule,
    controllers: [
      PaymentsController,
      StatementsController,
      ExceptionsController,
      LedgerController,
      DaysController,
      ParkedController,
    ],
    providers: [
      { provide: POOL, useValue: pool },
      { provide: PAYMENTS, useValue: payments },
      { provide: PARKED_LOGS, useValue: [ledger] },
    ],
  };
}

function startImporting(parts: ServiceParts, options: ImporterOptions, everyMs: number): void {
  const { pool, logger } = parts;
  const { account }: GatewayAccount = options.account;
  const importer = new Importer(options);
  const round = () => importer.round();
  const loop = startImportLoop({ pool, account, everyMs, round, logger });
  parts.health.add(`statements ${account}`, () => (loop.healthy() ? 'up' : 'degraded'));
  parts.onStop(`statements ${account}`, () => loop.stop());
}
