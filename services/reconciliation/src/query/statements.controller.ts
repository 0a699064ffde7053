import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, type CallerIdentity, Problem } from '@paylog/http';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { Pool } from 'pg';
import type { Status } from '../statement/statements.sql.js';
import { POOL } from '../tokens.js';
import { findExceptions } from './exceptions.sql.js';
import { assertFinance, ForFinance } from './finance.js';
import { findLines, findStatement, findStatements } from './statements.sql.js';
import { toExceptionView, toLineView, toStatementView } from './views.js';

class StatementsQuery {
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,63}$/)
  account?: string;

  @IsOptional()
  @IsIn(['announced', 'staged', 'stopped', 'decided', 'closed'])
  status?: Status;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}

class StatementPath {
  @Matches(/^sta[a-z2-7]{26}$/, { message: 'statementId is `sta` and 26 base32 characters' })
  statementId!: string;
}

class LinesQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  afterLine?: number;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  limit?: number;
}

const LINES = 10_000;

/** Payouts of gateway accounts, and how they agree with us. */
@ApiTags('statements')
@ForFinance()
@Controller('v1/statements')
export class StatementsController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get()
  @ApiOperation({ summary: 'Statements, the newest first' })
  @ApiOkResponse({ description: 'With the signed summary where a statement is closed' })
  async list(@Query() query: StatementsQuery, @Caller() caller: CallerIdentity) {
    assertFinance(caller);
    const { limit = 200, ...filter } = query;
    const rows = await findStatements(this.pool, { ...filter, limit });
    return { statements: rows.map(toStatementView) };
  }

  @Get(':statementId')
  @ApiOperation({ summary: 'One statement: its lines, what each matched, and its exceptions' })
  @ApiOkResponse({
    description: 'Lines after `afterLine`, `limit` at most; `nextAfterLine` when there are more',
  })
  async one(
    @Param() { statementId }: StatementPath,
    @Query() { afterLine = 0, limit = LINES }: LinesQuery,
    @Caller() caller: CallerIdentity,
  ) {
    assertFinance(caller);
    const row = await findStatement(this.pool, statementId);
    if (!row) throw Problem.notFound(`No statement ${statementId} is known here.`);
    const lines = await findLines(this.pool, statementId, afterLine, limit);
    const exceptions = await findExceptions(this.pool, { statementId, limit: LINES });
    return {
      ...toStatementView(row),
      signature: row.summary?.signature ?? null,
      keyId: row.summary?.keyId ?? null,
      lines: lines.map(toLineView),
      nextAfterLine: lines.length === limit ? (lines.at(-1)?.number ?? null) : null,
      exceptions: exceptions.map((exception) => toExceptionView(exception, Date.now())),
    };
  }
}
