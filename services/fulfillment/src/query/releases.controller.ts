import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '@paylog/http';
import type { Pool } from 'pg';
import { countDue } from '../release/knowledge.sql.js';
import { POOL } from '../tokens.js';
import { countDecisions } from './releases.sql.js';

class ReleasesDocument {
  @ApiProperty({ type: Object, example: { FulfillmentReleased: 160, FulfillmentCancelled: 12 } })
  decisions!: Record<string, number>;
  @ApiProperty({ description: 'Orders released more than once: always 0', example: 0 })
  releasedTwice!: number;
  @ApiProperty({ description: 'Payments with news that no decision has seen yet', example: 0 })
  due!: number;
}

@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/releases')
export class ReleasesController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get()
  @RequireScopes('operations')
  @ApiOperation({ summary: 'What was decided about goods' })
  @ApiOkResponse({ type: ReleasesDocument })
  async counts(): Promise<ReleasesDocument> {
    const { byType, releasedTwice } = await countDecisions(this.pool);
    return { decisions: byType, releasedTwice, due: await countDue(this.pool) };
  }
}
