import { Controller, Inject, type Type } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { transportOf, type Batch, type Outcome } from '@paylog/kafka';
import { OrdersHandler } from './orders.handler.js';

/** A consumer of the storefronts' topics: which these are is configuration. */
export function ordersConsumer(topics: readonly string[], group: string): Type {
  @Controller()
  class OrdersConsumer {
    constructor(@Inject(OrdersHandler) private readonly handler: OrdersHandler) {}

    @EventPattern<string[]>([...topics], transportOf(group) as never)
    on(@Payload() batch: Batch): Promise<Outcome> {
      return this.handler.onBatch(batch);
    }
  }
  return OrdersConsumer;
}
