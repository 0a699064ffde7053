import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PAYMENTS_INTENTS, SETTLEMENT_FACTS } from '@paylog/contracts';
import type { Batch, Outcome } from '@paylog/kafka';
import { REFERENCES } from '../tokens.js';
import type { References } from './references.js';

@Controller()
export class ReferencesController {
  constructor(@Inject(REFERENCES) private readonly references: References) {}

  @EventPattern<string>(PAYMENTS_INTENTS)
  intents(@Payload() batch: Batch): Promise<Outcome> {
    return this.references.take(batch);
  }

  @EventPattern<string>(SETTLEMENT_FACTS)
  settlement(@Payload() batch: Batch): Promise<Outcome> {
    return this.references.takeSettled(batch);
  }
}
