import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { EXCEPTION_CLASSES } from '@paylog/contracts';
import { Caller, type CallerIdentity } from '@paylog/http';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import type { Pool } from 'pg';
import { POOL } from '../tokens.js';
import { findExceptions } from './exceptions.sql.js';
import { assertFinance, ForFinance } from './finance.js';
import { toExceptionView } from './views.js';

class ExceptionsQuery {
  @IsOptional()
  @IsIn(['open', 'resolved'])
  status?: 'open' | 'resolved';

  @IsOptional()
  @IsIn(EXCEPTION_CLASSES)
  class?: string;

  @IsOptional()
  @IsString()
  @Length(1, 128)
  owner?: string;

  @IsOptional()
  @Matches(/^sta[a-z2-7]{26}$/)
  statementId?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  limit?: number;
}

/** What does not agree, with a class, an owner and an age. */
@ApiTags('exceptions')
@ForFinance()
@Controller('v1/exceptions')
export class ExceptionsController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get()
  @ApiOperation({ summary: 'Exceptions, the oldest first' })
  @ApiOkResponse({
    description: 'As published on reconciliation.exceptions.v1, with status and age',
  })
  async list(@Query() query: ExceptionsQuery, @Caller() caller: CallerIdentity) {
    assertFinance(caller);
    const { limit = 1_000, ...filter } = query;
    const rows = await findExceptions(this.pool, { ...filter, limit });
    return { exceptions: rows.map((row) => toExceptionView(row, Date.now())) };
  }
}
