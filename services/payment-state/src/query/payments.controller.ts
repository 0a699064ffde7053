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
import {
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiPropertyOptional,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import { PAYMENTS_EVENTS } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import { AllowReadToken, Caller, type CallerIdentity, Problem, RequireScopes } from '@paylog/http';
import { IsOptional, IsString, Length, Matches } from 'class-validator';
import type { Pool } from 'pg';
import { Observable } from 'rxjs';
import { EVENT_FEED, LOG, POOL } from '../tokens.js';
import type { EventFeed } from './event-feed.js';
import {
  notYetKnown,
  PaymentDocument,
  type PaymentView,
  toShoppersView,
  toView,
} from './payment-view.js';
import { PaymentPath } from './payment-path.js';
import { type EventRow, findByOrder } from './payments.sql.js';
import { type EventData, eventForShopper } from './shares.js';
import { visiblePayment } from './visible-payment.js';

/** As in the contracts; a control character can't be stored, so nothing has such an id. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u;

class PaymentsQuery {
  @ApiProperty({ example: 'order-17' })
  @IsString()
  @Length(1, 64)
  @Matches(PRINTABLE, { message: 'orderId holds a control character' })
  orderId!: string;

  @ApiPropertyOptional({ description: "The API key's own, unless the key speaks for all" })
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,63}$/, {
    message: 'storefront is 1 to 64 of a-z, 0-9, _ and -',
  })
  storefront?: string;
}

class PaymentsDocument {
  @ApiProperty({ type: [PaymentDocument] })
  payments!: PaymentDocument[];
}

class EventDocument {
  @ApiProperty({ description: "The fact's own id", example: 'fct3kq7dm2vohw5zn6tqx4ub7yeyr' })
  id!: string;
  @ApiProperty({ example: 'CaptureSucceeded' })
  type!: string;
  @ApiProperty({ description: '1 to n, without a gap', example: 5 })
  version!: number;
  @ApiProperty({ description: 'When it happened, in the words of its source' })
  time!: string;
  @ApiProperty({ type: Object, description: 'The fact, the state after it, what it changed' })
  data!: object;
}

class EventsDocument {
  @ApiProperty({ example: PAYMENTS_EVENTS })
  topic!: string;
  @ApiProperty({ type: [EventDocument] })
  events!: EventDocument[];
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
  @ApiOkResponse({
    type: PaymentsDocument,
    description: 'The first attempt first; empty when none is known yet',
  })
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
  @ApiParam({ name: 'paymentId' })
  @ApiOkResponse({ type: PaymentDocument })
  @ApiNotFoundResponse({ description: "Unknown, or another storefront's" })
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
  @ApiParam({ name: 'paymentId' })
  @ApiOkResponse({ type: EventsDocument })
  async events(
    @Param() { paymentId }: PaymentPath,
    @Caller() caller: CallerIdentity,
  ): Promise<{ topic: string; events: unknown[] }> {
    await this.find(paymentId, caller);
    const rows = await this.log.readStream(paymentId);
    return { topic: PAYMENTS_EVENTS, events: rows.map((row) => toEvent(row, caller)) };
  }

  /** The waiting screen's stream. `Last-Event-ID` resumes after a version; `?token=` since EventSource sends no headers. */
  @Sse(':paymentId/stream')
  @RequireScopes('payments:read')
  @AllowReadToken('paymentId')
  @ApiOperation({ summary: 'Events as they happen (Server-Sent Events)' })
  @ApiParam({ name: 'paymentId' })
  @ApiQuery({ name: 'token', required: false, description: 'A read token, for EventSource' })
  async stream(
    @Param() { paymentId }: PaymentPath,
    @Caller() caller: CallerIdentity,
    @Headers('last-event-id') lastEventId?: string,
  ): Promise<Observable<MessageEvent>> {
    await this.find(paymentId, caller);
    if (this.feed.full) throw Problem.unavailable('Too many streams are open; ask for the state.');
    const version = /^\d{1,9}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    return new Observable((subscriber) =>
      this.feed.listen(paymentId, version, {
        send: (event) => subscriber.next(toMessageEvent(event, caller)),
        end: () => subscriber.complete(),
      }),
    );
  }

  /** Undefined only for a read token's payment of which nothing is known yet. */
  private async find(paymentId: string, caller: CallerIdentity): Promise<PaymentView | undefined> {
    const row = await visiblePayment(this.pool, paymentId, caller);
    if (row === undefined) return undefined;
    const view = caller.kind === 'read_token' ? toShoppersView : toView;
    return view(paymentId, row.version, row.state);
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

function toEvent(
  { id, type, version, time, data }: Omit<EventRow, 'stream'>,
  caller: CallerIdentity,
) {
  const all = JSON.parse(data.toString('utf8')) as EventData;
  const told = caller.kind === 'read_token' ? eventForShopper(all) : all;
  return { id, type, version, time, data: told };
}

function toMessageEvent(event: EventRow, caller: CallerIdentity): MessageEvent {
  return { id: String(event.version), type: 'payment', data: toEvent(event, caller) };
}
