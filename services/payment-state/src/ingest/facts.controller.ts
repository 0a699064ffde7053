import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import {
  GATEWAY_NOTIFICATIONS,
  GROUPS,
  PAYMENTS_INTENTS,
  SETTLEMENT_FACTS,
} from '@paylog/contracts';
import { type Batch, type Outcome, transportOf } from '@paylog/kafka';
import { FACTS } from '../tokens.js';
import type { FactsIngest } from './facts-ingest.js';

const GROUP = transportOf(GROUPS.paymentStateFacts.group);

/** Every topic that tells facts goes the same way. */
@Controller()
export class FactsController {
  constructor(@Inject(FACTS) private readonly facts: FactsIngest) {}

  @EventPattern<string>(PAYMENTS_INTENTS, GROUP)
  intents(@Payload() batch: Batch): Promise<Outcome> {
    return this.facts.take(batch);
  }

  @EventPattern<string>(GATEWAY_NOTIFICATIONS, GROUP)
  notifications(@Payload() batch: Batch): Promise<Outcome> {
    return this.facts.take(batch);
  }

  @EventPattern<string>(SETTLEMENT_FACTS, GROUP)
  settlement(@Payload() batch: Batch): Promise<Outcome> {
    return this.facts.take(batch);
  }
}
