import { type DynamicModule, Module } from '@nestjs/common';
import { GROUPS, PAYMENTS_EVENTS } from '@paylog/contracts';
import { PARKED_LOGS, ParkedController, replayEach, type ServiceParts } from '@paylog/service';
import { Adoptions } from './ingest/adoptions.js';
import { FactsController } from './ingest/facts.controller.js';
import { FactsIngest } from './ingest/facts-ingest.js';
import { ProofsController } from './ingest/proofs.controller.js';
import { ProofsIngest } from './ingest/proofs-ingest.js';
import { reproject } from './publish/reproject.js';
import { EvidencePackController } from './query/evidence-pack/evidence-pack.controller.js';
import { EventFeed } from './query/event-feed.js';
import { eventsAfter } from './query/payments.sql.js';
import { PaymentsController } from './query/payments.controller.js';
import { EVENT_FEED, FACTS, LOG, POOL, PROOFS } from './tokens.js';

@Module({})
class PaymentStateModule {}

/** Whoever asks for an evidence pack may wait this much longer, and every fact comes sooner. */
const GATHER_MS = 500;

/** The composition root: facts in, events out, a projection to ask. */
export async function compose(parts: ServiceParts): Promise<DynamicModule> {
  const { pool, logger } = parts;
  const { group, topics } = GROUPS.paymentStateFacts;
  const log = await parts.openLog('payments');
  await parts.relay('payments', PAYMENTS_EVENTS, { onReimported: reproject });

  const facts = new FactsIngest(log, group, logger);
  const onPoison = facts.takePoison.bind(facts);
  parts.consume({ group, topics, log, coPartitioned: true, onPoison });

  const proving = GROUPS.paymentStateProofs;
  const proofs = new ProofsIngest(log, proving.group, logger);
  parts.consume({ ...proving, log, gatherMs: GATHER_MS });
  const replay = replayEach({
    [group]: (rows) => facts.replay(rows),
    [proving.group]: (rows) => proofs.replay(rows),
  });
  parts.parking(log, replay);
  const adoptions = new Adoptions(pool, log, logger);
  parts.operations([facts.commanded()], (command) => adoptions.obey(command));

  const feed = new EventFeed((after) => eventsAfter(pool, after), log, logger);
  parts.health.stopping.addEventListener('abort', () => void feed.close());

  return {
    module: PaymentStateModule,
    controllers: [
      FactsController,
      ProofsController,
      PaymentsController,
      EvidencePackController,
      ParkedController,
    ],
    providers: [
      { provide: POOL, useValue: pool },
      { provide: LOG, useValue: log },
      { provide: FACTS, useValue: facts },
      { provide: PROOFS, useValue: proofs },
      { provide: EVENT_FEED, useValue: feed },
      { provide: PARKED_LOGS, useValue: [log] },
    ],
  };
}
