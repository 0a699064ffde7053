import { type DynamicModule, Module } from '@nestjs/common';
import { GATEWAY_NOTIFICATIONS, GROUPS } from '@paylog/contracts';
import { startFollower } from '@paylog/event-sourcing';
import type { AccountsSource } from '@paylog/gateways';
import { startLoop } from '@paylog/kafka';
import {
  NAMED_AFTER,
  PARKED_LOGS,
  ParkedController,
  replayEach,
  type ServiceParts,
} from '@paylog/service';
import { References } from './ingest/references.js';
import { ReferencesController } from './ingest/references.controller.js';
import { Receiver } from './ingest/receiver.js';
import { Rejections } from './ingest/rejections.js';
import { WebhooksController } from './ingest/webhooks.controller.js';
import { nameFoundPayments } from './mapping/found-payments.js';
import { WEBHOOKS_GROUP, WEBHOOKS_SOURCE } from './mapping/map-evidence.js';
import { Mapper } from './mapping/mapper.js';
import { type MissedOptions, startMissed } from './missed/start.js';
import { Remap } from './remap/remap.js';
import { RemapController } from './remap/remap.controller.js';
import { CountsController } from './query/counts.controller.js';
import { RejectedController } from './query/rejected.controller.js';
import { POOL, RECEIVER, REFERENCES, REMAP } from './tokens.js';

@Module({})
class WebhookIngestModule {}

const SWEEP_EVERY_MS = 5_000;

export interface ComposeOptions extends MissedOptions {
  readonly mode: 'test' | 'live';
  readonly foreignAfterMs: number;
}

/** The composition root: deliveries in, evidence stored, facts out. */
export async function compose(
  parts: ServiceParts,
  accounts: AccountsSource,
  { mode, foreignAfterMs, ...missed }: ComposeOptions,
): Promise<DynamicModule> {
  const { pool, logger } = parts;
  const evidence = await parts.openLog('evidence');
  const facts = await parts.openLog('facts');

  await parts.relay('facts', GATEWAY_NOTIFICATIONS);
  const mapper = new Mapper(pool, facts, mode, logger);
  const follower = await startFollower({
    pool,
    log: evidence,
    cursor: facts,
    into: (batch) => mapper.take(batch),
    logger,
  });
  parts.onStop('mapper', () => follower.stop());
  const finding = { pool, mode, afterMs: foreignAfterMs, logger };
  const sweep = startLoop(SWEEP_EVERY_MS, logger, 'the sweep failed', async () => {
    await mapper.sweep();
    await nameFoundPayments(finding);
    return false;
  });
  parts.onStop('sweep', () => sweep.stop());

  const { group, topics } = GROUPS.webhookIngestReferences;
  const references = new References(facts, group, () => mapper.sweep());
  parts.consume({ group, topics, log: facts });
  const replay = replayEach({
    [WEBHOOKS_GROUP]: (rows) => mapper.replay(rows),
    [group]: (rows) => references.replay(rows),
  });
  parts.parking(facts, replay);
  parts.operations([facts]);

  startMissed(parts, accounts, evidence, missed);
  parts.onStop('accounts', async () => accounts.stop());
  parts.health.add('gateway accounts', () =>
    accounts.troubles().length === 0 ? 'up' : 'degraded',
  );
  const rejections = new Rejections(pool, logger);
  parts.onStop('rejections', () => rejections.stop());
  const receiver = new Receiver(() => accounts.current(), evidence, rejections, logger);
  parts.onStop('evidence', () => receiver.drain());

  return {
    module: WebhookIngestModule,
    controllers: [
      WebhooksController,
      ReferencesController,
      CountsController,
      RejectedController,
      RemapController,
      ParkedController,
    ],
    providers: [
      { provide: POOL, useValue: pool },
      { provide: RECEIVER, useValue: receiver },
      { provide: REMAP, useValue: new Remap(pool, facts, mapper) },
      { provide: REFERENCES, useValue: references },
      { provide: PARKED_LOGS, useValue: [facts] },
      { provide: NAMED_AFTER, useValue: { source: WEBHOOKS_SOURCE, ms: foreignAfterMs } },
    ],
  };
}
