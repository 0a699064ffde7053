import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '@paylog/http';
import type { Pool } from 'pg';
import { newestRejections } from '../ingest/rejections.sql.js';
import { POOL } from '../tokens.js';

/** What was turned away in the last seven days: a key rotation that went wrong shows here first. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/webhooks/rejected')
export class RejectedController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get()
  @RequireScopes('operations')
  @ApiOperation({ summary: 'The newest refused deliveries: reason, headers, digest of the body' })
  async list() {
    const rows = await newestRejections(this.pool, 100);
    return { rejected: rows };
  }
}
