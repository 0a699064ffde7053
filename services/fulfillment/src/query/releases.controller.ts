import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '@paylog/http';
import type { Pool } from 'pg';
import { countDue } from '../release/knowledge.sql.js';
import { POOL } from '../tokens.js';
import { countDecisions } from './releases.sql.js';

@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/releases')
export class ReleasesController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get()
  @RequireScopes('operations')
  @ApiOperation({
    summary:
      'Decisions by type, orders released more than once (always 0), news not yet decided about',
  })
  async counts() {
    const { byType, releasedTwice } = await countDecisions(this.pool);
    return { decisions: byType, releasedTwice, due: await countDue(this.pool) };
  }
}
