import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, type CallerIdentity, Problem } from '@paylog/http';
import { Matches } from 'class-validator';
import type { Pool } from 'pg';
import { POOL } from '../tokens.js';
import { assertFinance, ForFinance } from './finance.js';
import { findStatements } from './statements.sql.js';
import { toStatementView } from './views.js';

class DayPath {
  @Matches(/^\d{4}-\d\d-\d\d$/, { message: 'day is a date such as 2026-03-01' })
  day!: string;
}

const STATEMENTS_MAX = 1_000;

/** A calendar day lists statements; what is closed are statements, never days. */
@ApiTags('statements')
@ForFinance()
@Controller('v1/days')
export class DaysController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get(':day')
  @ApiOperation({ summary: 'Statements created on a day (UTC) at their gateways' })
  async one(@Param() { day }: DayPath, @Caller() caller: CallerIdentity) {
    assertFinance(caller);
    const parsed = new Date(`${day}T00:00:00Z`);
    if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== day) {
      throw Problem.badRequest(`${day} is not in the calendar.`, { field: 'day' });
    }
    const rows = await findStatements(this.pool, { day, limit: STATEMENTS_MAX });
    const statements = rows.map(toStatementView);
    const closed = rows.length > 0 && rows.every(({ status }) => status === 'closed');
    return { day, closed, statements };
  }
}
