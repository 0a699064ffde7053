import { type DynamicModule, Module } from '@nestjs/common';
import { CUSTOMER_NOTIFICATIONS, FULFILLMENT_EVENTS, GROUPS } from '@paylog/contracts';
import { startFollower } from '@paylog/event-sourcing';
import { startLoop } from '@paylog/kafka';
import { PARKED_LOGS, ParkedController, type ServiceParts } from '@paylog/service';
import { Knowledge } from './ingest/knowledge.js';
import { KnowledgeController } from './ingest/knowledge.controller.js';
import { Notifier } from './notify/notifier.js';
import { ReleasesController } from './query/releases.controller.js';
import { Releases } from './release/releases.js';
import { KNOWLEDGE, NOTIFIER, POOL } from './tokens.js';

@Module({})
class FulfillmentModule {}

/** News of another process, or a wake-up lost in a crash, waits at most this long. */
const LOOK_EVERY_MS = 500;
/** A customer is told this much later, and everybody else's goods come sooner. */
const GATHER_MS = 500;

/** The composition root: states and cancellations in, decisions about goods and notifications out. */
export async function compose(parts: ServiceParts): Promise<DynamicModule> {
  const { pool, logger } = parts;
  const log = await parts.openLog('fulfillment');
  const notifications = await parts.openLog('notifications');
  await parts.relay('fulfillment', FULFILLMENT_EVENTS);
  await parts.relay('notifications', CUSTOMER_NOTIFICATIONS);

  const releases = new Releases(pool, log, logger);
  const decisions = startLoop(LOOK_EVERY_MS, logger, 'a round of decisions failed', () =>
    releases.round(),
  );
  parts.onStop('decisions', () => decisions.stop());

  const payments = GROUPS.fulfillmentPayments;
  const knowledge = new Knowledge(log, payments.group, logger, () => decisions.wake());
  const onPoison = knowledge.takePoison.bind(knowledge);
  parts.consume({ ...payments, log, coPartitioned: true, onPoison });
  parts.parking(log, (rows) => knowledge.replay(rows));

  const telling = GROUPS.fulfillmentNotifications;
  const notifier = new Notifier(pool, notifications, telling.group, logger);
  parts.consume({ ...telling, log: notifications, gatherMs: GATHER_MS });
  parts.parking(notifications, (rows) => notifier.replay(rows));
  const follower = await startFollower({
    pool,
    log,
    cursor: notifications,
    into: (batch) => notifier.follow(batch),
    gatherMs: GATHER_MS,
    logger,
  });
  parts.onStop('notifications of releases', () => follower.stop());
  parts.operations([knowledge.commanded(), notifications]);

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
