import { type DynamicModule, Module } from '@nestjs/common';
import { CUSTOMER_NOTIFICATIONS, FULFILLMENT_EVENTS, GROUPS } from '@paylog/contracts';
import { startFollower } from '@paylog/event-sourcing';
import { PARKED_LOGS, ParkedController, type ServiceParts } from '@paylog/service';
import { Knowledge } from './ingest/knowledge.js';
import { KnowledgeController } from './ingest/knowledge.controller.js';
import { Notifier } from './notify/notifier.js';
import { ReleasesController } from './query/releases.controller.js';
import { Engine } from './release/engine.js';
import { Releases } from './release/releases.js';
import { KNOWLEDGE, NOTIFIER, POOL } from './tokens.js';

@Module({})
class FulfillmentModule {}

/** The composition root: states and cancellations in, decisions about goods and notifications out. */
export async function compose(parts: ServiceParts): Promise<DynamicModule> {
  const { pool, logger } = parts;
  const log = await parts.openLog('fulfillment');
  const notifications = await parts.openLog('notifications');
  await parts.relay('fulfillment', FULFILLMENT_EVENTS);
  await parts.relay('notifications', CUSTOMER_NOTIFICATIONS);

  const releases = new Releases(pool, log, logger);
  const engine = new Engine(() => releases.round(), logger);
  parts.onStop('decisions', () => engine.stop());
  engine.start();

  const payments = GROUPS.fulfillmentPayments;
  const knowledge = new Knowledge(log, payments.group, engine.wake);
  parts.consume({ ...payments, log, coPartitioned: true });
  parts.parking(log, (rows) => knowledge.replay(rows));

  const telling = GROUPS.fulfillmentNotifications;
  const notifier = new Notifier(pool, notifications, telling.group);
  parts.consume({ ...telling, log: notifications });
  parts.parking(notifications, (rows) => notifier.replay(rows));
  const follower = await startFollower({
    pool,
    log,
    cursor: notifications,
    into: (batch) => notifier.follow(batch),
    logger,
  });
  parts.onStop('notifications of releases', () => follower.stop());
  parts.operations([log, notifications]);

  return {
    module: FulfillmentModule,
    controllers: [KnowledgeController, ReleasesController, ParkedController],
    providers: [
      { provide: POOL, useValue: pool },
      { provide: KNOWLEDGE, useValue: knowledge },
      { provide: NOTIFIER, useValue: notifier },
      { provide: PARKED_LOGS, useValue: [log, notifications] },
    ],
  };
}
