import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PAYMENTS_EVENTS } from '@paylog/contracts';
import type { Batch, Outcome } from '@paylog/kafka';
import { PAYMENTS } from '../tokens.js';
import type { PaymentsIngest } from './payments-ingest.js';

@Controller()
export class PaymentsController {
  constructor(@Inject(PAYMENTS) private readonly payments: PaymentsIngest) {}

  @EventPattern<string>(PAYMENTS_EVENTS)
  events(@Payload() batch: Batch): Promise<Outcome> {
    return this.payments.take(batch);
  }
}
