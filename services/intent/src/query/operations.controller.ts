import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Caller, Problem, RequireScopes, type CallerIdentity } from '@paylog/http';
import { SwitchDto } from '../ingest/dto.js';
import { Operations } from './operations.js';
import type { StuckPayment } from './stuck.js';

/** For operators. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller()
@RequireScopes('operations')
export class OperationsController {
  constructor(@Inject(Operations) private readonly operations: Operations) {}

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
  switchAccount(
    @Caller() caller: CallerIdentity,
    @Param('account') account: string,
    @Body() { stopped, reason }: SwitchDto,
  ): Promise<{ account: string; stopped: boolean }> {
    const operator = caller.kind === 'api_key' ? caller.id : 'nobody';
    return this.operations.switchAccount({ account, stopped, reason, operator });
  }
}
