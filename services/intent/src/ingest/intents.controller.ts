import { Body, Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { fromWireMoney } from '@paylog/contracts';
import { Caller, RequireScopes, type CallerIdentity } from '@paylog/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IntentView } from '../query/view.js';
import { CaptureDto, IncrementDto, PlaceIntentDto, RefundDto } from './dto.js';
import type { HttpAnswer } from './http-requests.js';
import { MerchantRequests } from './merchant-requests.js';

const optionalKey = { name: 'Idempotency-Key', required: false } as const;

/** What a storefront asks for. */
@ApiTags('payment intents')
@ApiBearerAuth()
@Controller('v1/payment-intents')
@RequireScopes('payments:write')
export class IntentsController {
  constructor(@Inject(MerchantRequests) private readonly requests: MerchantRequests) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Place a payment intent: amount and currency are locked.' })
  @ApiHeader({ name: 'Idempotency-Key', required: true })
  async place(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Caller() caller: CallerIdentity,
    @Body() body: PlaceIntentDto,
  ): Promise<IntentView> {
    return answer(reply, await this.requests.place(request, caller, body));
  }

  @Post(':id/capture')
  @HttpCode(200)
  @ApiOperation({ summary: 'Capture what was authorized, in whole or in parts.' })
  @ApiHeader(optionalKey)
  async capture(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Body() { reference, amount, final }: CaptureDto,
  ): Promise<IntentView> {
    const some = amount ? { amount: fromWireMoney(amount) } : {};
    const more = final === undefined ? {} : { final };
    const asked = { type: 'capture', reference, ...some, ...more } as const;
    return answer(reply, await this.requests.about(request, caller, id, asked));
  }

  @Post(':id/increments')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hold more on the same authorization, before anything is captured.' })
  @ApiHeader(optionalKey)
  async increment(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Body() { reference, amount }: IncrementDto,
  ): Promise<IntentView> {
    const asked = { type: 'increment', reference, amount: fromWireMoney(amount) } as const;
    return answer(reply, await this.requests.about(request, caller, id, asked));
  }

  @Post(':id/void')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Let go of what is held and not captured; refused once all of it was taken.',
  })
  @ApiHeader(optionalKey)
  async void(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
  ): Promise<IntentView> {
    return answer(reply, await this.requests.about(request, caller, id, { type: 'void' }));
  }

  @Post(':id/refunds')
  @HttpCode(200)
  @ApiOperation({ summary: 'Give captured money back, in whole or in part.' })
  @ApiHeader(optionalKey)
  async refund(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Body() { reference, amount, reason }: RefundDto,
  ): Promise<IntentView> {
    const some = amount ? { amount: fromWireMoney(amount) } : {};
    const told = reason === undefined ? {} : { reason };
    const asked = { type: 'refund', reference, ...some, ...told } as const;
    return answer(reply, await this.requests.about(request, caller, id, asked));
  }
}

function answer(reply: FastifyReply, { status, body }: HttpAnswer): IntentView {
  void reply.status(status);
  return body;
}
