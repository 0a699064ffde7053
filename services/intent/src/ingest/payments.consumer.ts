import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { GATEWAY_NOTIFICATIONS, GROUPS, PAYMENTS_EVENTS } from '@paylog/contracts';
import { transportOf, type Batch, type Outcome } from '@paylog/kafka';
import { PaymentsHandler } from './payments.handler.js';

@Controller()
export class PaymentsConsumer {
  constructor(@Inject(PaymentsHandler) private readonly handler: PaymentsHandler) {}

  @EventPattern<string>(PAYMENTS_EVENTS, transportOf(GROUPS.intentPayments.group) as never)
  onPayments(@Payload() batch: Batch): Promise<Outcome> {
    return this.handler.onBatch(batch);
  }

  @EventPattern<string>(GATEWAY_NOTIFICATIONS, transportOf(GROUPS.intentUnconfirmed.group) as never)
  onNotifications(@Payload() batch: Batch): Promise<Outcome> {
    return this.handler.onUnconfirmed(batch);
  }
}
