import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, type CallerIdentity } from '@paylog/http';
import type { Pool } from 'pg';
import { POOL } from '../tokens.js';
import { assertFinance, ForFinance } from './finance.js';
import { countEntries, findBalances, findImbalance } from './ledger.sql.js';

@ApiTags('ledger')
@ForFinance()
@Controller('v1/ledger')
export class LedgerController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get('balances')
  @ApiOperation({ summary: 'Balances by account and currency (debits less credits)' })
  @ApiOkResponse({
    description: '`imbalance` by currency is the sum over all lines of all entries: always 0',
  })
  async balances(@Caller() caller: CallerIdentity) {
    assertFinance(caller);
    const balances = await findBalances(this.pool);
    const imbalance = await findImbalance(this.pool);
    return {
      balances,
      imbalance: Object.fromEntries(imbalance.map((row) => [row.currency, row.imbalance])),
      entries: await countEntries(this.pool),
    };
  }
}
