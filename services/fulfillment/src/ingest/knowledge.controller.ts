import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { GROUPS, PAYMENTS_EVENTS, PAYMENTS_INTENTS } from '@paylog/contracts';
import { type Batch, type Outcome, transportOf } from '@paylog/kafka';
import type { Notifier } from '../notify/notifier.js';
import { KNOWLEDGE, NOTIFIER } from '../tokens.js';
import type { Knowledge } from './knowledge.js';

const PAYMENTS = transportOf(GROUPS.fulfillmentPayments.group);
const NOTIFICATIONS = transportOf(GROUPS.fulfillmentNotifications.group);

@Controller()
export class KnowledgeController {
  constructor(
    @Inject(KNOWLEDGE) private readonly knowledge: Knowledge,
    @Inject(NOTIFIER) private readonly notifier: Notifier,
  ) {}

  @EventPattern<string>(PAYMENTS_EVENTS, PAYMENTS)
  events(@Payload() batch: Batch): Promise<Outcome> {
    return this.knowledge.takeEvents(batch);
  }

  @EventPattern<string>(PAYMENTS_INTENTS, PAYMENTS)
  intents(@Payload() batch: Batch): Promise<Outcome> {
    return this.knowledge.takeIntents(batch);
  }

  @EventPattern<string>(PAYMENTS_EVENTS, NOTIFICATIONS)
  notify(@Payload() batch: Batch): Promise<Outcome> {
    return this.notifier.take(batch);
  }
}
