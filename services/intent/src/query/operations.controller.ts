import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Caller, Problem, RequireScopes, type CallerIdentity } from '@paylog/http';
import type { FastifyRequest } from 'fastify';
import { SwitchDto } from '../ingest/dto.js';
import { KeyedRequests } from '../ingest/keyed-requests.js';
import { Operations } from './operations.js';
import type { StuckPayment } from './stuck.js';

interface Switched {
  readonly account: string;
  readonly stopped: boolean;
}

/** For operators. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller()
@RequireScopes('operations')
export class OperationsController {
  constructor(
    @Inject(Operations) private readonly operations: Operations,
    @Inject(KeyedRequests) private readonly keyed: KeyedRequests,
  ) {}

  @Get('v1/stuck')
  @ApiOperation({ summary: 'Payments not final past their limit, and what happens next.' })
  @ApiQuery({ name: 'limitMs', required: false, description: 'Waiting for longer than this.' })
  @ApiQuery({
    name: 'unresolved',
    required: false,
    enum: ['true', 'false'],
    description: 'True: only those of which money may have moved, whatever their age.',
  })
  stuck(
    @Query('limitMs') limitMs?: string,
    @Query('unresolved') unresolved = 'false',
  ): Promise<StuckPayment[]> {
    if (limitMs !== undefined && !/^\d{1,10}$/.test(limitMs)) {
      throw Problem.badRequest('limitMs must be whole milliseconds.', { field: 'limitMs' });
    }
    if (unresolved !== 'true' && unresolved !== 'false') {
      throw Problem.badRequest('unresolved must be true or false.', { field: 'unresolved' });
    }
    const limit = limitMs === undefined ? undefined : Number(limitMs);
    return unresolved === 'true' ? this.operations.unresolved(limit) : this.operations.stuck(limit);
  }

  @Post('v1/gateway-accounts/:account/switch')
  @HttpCode(200)
  @ApiOperation({ summary: 'Stop or restart what moves money through an account; webhooks go on.' })
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  switchAccount(
    @Req() request: FastifyRequest,
    @Caller() caller: CallerIdentity,
    @Param('account') account: string,
    @Body() { stopped, reason }: SwitchDto,
  ): Promise<Switched> {
    const operator = caller.kind === 'api_key' ? caller.id : 'nobody';
    return this.keyed.once(request, caller, {
      paymentId: null,
      run: () => this.operations.switchAccount({ account, stopped, reason, operator }),
      toStore: (answer) => answer,
      fromStored: async (stored) => stored as Switched,
    });
  }
}
