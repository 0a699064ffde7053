import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { FULFILLMENT_EVENTS, GATEWAY_NOTIFICATIONS, GROUPS } from '@paylog/contracts';
import { type Batch, type Outcome, transportOf } from '@paylog/kafka';
import { PROOFS } from '../tokens.js';
import type { ProofsIngest } from './proofs-ingest.js';

const GROUP = transportOf(GROUPS.paymentStateProofs.group);

/** What vouches for payments: webhooks, and decisions about goods. */
@Controller()
export class ProofsController {
  constructor(@Inject(PROOFS) private readonly proofs: ProofsIngest) {}

  @EventPattern<string>(GATEWAY_NOTIFICATIONS, GROUP)
  notifications(@Payload() batch: Batch): Promise<Outcome> {
    return this.proofs.take(batch);
  }

  @EventPattern<string>(FULFILLMENT_EVENTS, GROUP)
  goods(@Payload() batch: Batch): Promise<Outcome> {
    return this.proofs.take(batch);
  }
}
