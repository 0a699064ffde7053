import {
  Controller,
  Get,
  Headers,
  Inject,
  type MessageEvent,
  Param,
  Query,
  Sse,
} from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PAYMENTS_EVENTS } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import { AllowReadToken, Caller, type CallerIdentity, Problem, RequireScopes } from '@paylog/http';
import { IsOptional, IsString, Length, Matches } from 'class-validator';
import type { Pool } from 'pg';
import { Observable } from 'rxjs';
import { EVENT_FEED, LOG, POOL } from '../tokens.js';
import type { EventFeed } from './event-feed.js';
import { notYetKnown, type PaymentView, toView } from './payment-view.js';
import { type EventRow, findByOrder, findPayment } from './payments.sql.js';

class PaymentsQuery {
  @IsString()
  @Length(1, 64)
  orderId!: string;

  @IsOptional()
  @IsString()
  @Length(1, 64)
  storefront?: string;
}

class PaymentPath {
  @Matches(/^pay[a-z2-7]{26}$/, { message: 'paymentId is `pay` and 26 base32 characters' })
  paymentId!: string;
}

/** What happened to a payment. Reads this service's own projection and log; asks nobody. */
@ApiTags('payments')
@ApiBearerAuth()
@Controller('v1/payments')
export class PaymentsController {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(LOG) private readonly log: EventLog,
    @Inject(EVENT_FEED) private readonly feed: EventFeed,
  ) {}

  @Get()
  @RequireScopes('payments:read')
  @ApiOperation({ summary: 'All attempts of an order' })
  @ApiOkResponse({ description: 'Payments, the first attempt first; empty when none is known yet' })
  async byOrder(
    @Query() query: PaymentsQuery,
    @Caller() caller: CallerIdentity,
  ): Promise<{ payments: PaymentView[] }> {
    const storefront = storefrontFor(caller, query.storefront);
    const rows = await findByOrder(this.pool, query.orderId, storefront);
    return { payments: rows.map((row) => toView(row.payment_id, row.version, row.state)) };
  }

  @Get(':paymentId')
  @RequireScopes('payments:read')
  @AllowReadToken('paymentId')
  @ApiOperation({ summary: 'The present state of a payment' })
  async one(
    @Param() { paymentId }: PaymentPath,
    @Caller() caller: CallerIdentity,
  ): Promise<PaymentView> {
    return (await this.find(paymentId, caller)) ?? notYetKnown(paymentId);
  }

  @Get(':paymentId/events')
  @RequireScopes('payments:read')
  @AllowReadToken('paymentId')
  @ApiOperation({ summary: 'Every event of a payment, in order, as published' })
  async events(
    @Param() { paymentId }: PaymentPath,
    @Caller() caller: CallerIdentity,
  ): Promise<{ topic: string; events: unknown[] }> {
    await this.find(paymentId, caller);
    const rows = await this.log.readStream(paymentId);
    return { topic: PAYMENTS_EVENTS, events: rows.map(toEvent) };
  }

  /** The waiting screen's stream. `Last-Event-ID` resumes after a version; `?token=` since EventSource sends no headers. */
  @Sse(':paymentId/stream')
  @RequireScopes('payments:read')
  @AllowReadToken('paymentId')
  @ApiOperation({ summary: 'Events as they happen (Server-Sent Events)' })
  async stream(
    @Param() { paymentId }: PaymentPath,
    @Caller() caller: CallerIdentity,
    @Headers('last-event-id') lastEventId?: string,
  ): Promise<Observable<MessageEvent>> {
    await this.find(paymentId, caller);
    const version = /^\d{1,9}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    return new Observable((subscriber) =>
      this.feed.listen(paymentId, version, (event) => subscriber.next(toMessageEvent(event))),
    );
  }

  /** Undefined only for a read token's payment of which nothing is known yet: the token says that it will be. */
  private async find(paymentId: string, caller: CallerIdentity): Promise<PaymentView | undefined> {
    const row = await findPayment(this.pool, paymentId);
    if (caller.kind === 'read_token') {
      return row && toView(paymentId, row.version, row.state);
    }
    const foreign = caller.storefront !== '*' && row?.storefront !== caller.storefront;
    if (!row || foreign) {
      throw Problem.notFound(
        `No payment ${paymentId} is known here; check the id and the API key.`,
      );
    }
    return toView(paymentId, row.version, row.state);
  }
}

function storefrontFor(caller: CallerIdentity, asked: string | undefined): string | null {
  if (caller.kind === 'read_token') throw Problem.forbidden('A read token reads one payment only.');
  if (caller.storefront === '*') return asked ?? null;
  if (asked !== undefined && asked !== caller.storefront) {
    throw Problem.forbidden(`The API key speaks for ${caller.storefront}, not for ${asked}.`);
  }
  return caller.storefront;
}

function toEvent({ id, type, version, time, data }: Omit<EventRow, 'stream'>) {
  return { id, type, version, time, data: JSON.parse(data.toString('utf8')) as unknown };
}

function toMessageEvent(event: EventRow): MessageEvent {
  return { id: String(event.version), type: 'payment', data: toEvent(event) };
}
