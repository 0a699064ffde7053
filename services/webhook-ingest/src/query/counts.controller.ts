import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '@paylog/http';
import type { Pool } from 'pg';
import type { Receiver } from '../ingest/receiver.js';
import { evidenceCounts } from '../mapping/mapping.sql.js';
import { POOL, RECEIVER } from '../tokens.js';

@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/webhooks')
export class CountsController {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(RECEIVER) private readonly receiver: Receiver,
  ) {}

  /** `duplicates` and `rejected` since this replica started; the others over everything that is stored. */
  @Get()
  @RequireScopes('operations')
  @ApiOperation({ summary: 'How many webhooks came, and what became of them' })
  async counts() {
    const stored = await evidenceCounts(this.pool);
    const { duplicates, rejected } = this.receiver.counts;
    return {
      accepted: Number(stored.stored),
      duplicates,
      rejected,
      mapped: {
        facts: Number(stored.facts),
        ignored: Number(stored.ignored),
        unresolved: Number(stored.unresolved),
        unreadable: Number(stored.unreadable),
      },
    };
  }
}
