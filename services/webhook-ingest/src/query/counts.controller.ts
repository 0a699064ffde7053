import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '@paylog/http';
import type { Pool } from 'pg';
import type { Receiver } from '../ingest/receiver.js';
import { evidenceCounts } from '../mapping/mapping.sql.js';
import { POOL, RECEIVER } from '../tokens.js';

class MappedDocument {
  @ApiProperty({ description: 'Told facts of a payment of ours', example: 812 })
  facts!: number;
  @ApiProperty({ description: 'Of a type that tells nothing here', example: 40 })
  ignored!: number;
  @ApiProperty({ description: 'Wait for their payment to become known', example: 0 })
  unresolved!: number;
  @ApiProperty({ description: 'Signed, and unreadable: in the dead letters', example: 1 })
  unreadable!: number;
}

class CountsDocument {
  @ApiProperty({ description: 'Stored; repeats with other bytes count', example: 853 })
  accepted!: number;
  @ApiProperty({ description: 'The same bytes again, since this replica started', example: 12 })
  duplicates!: number;
  @ApiProperty({ description: 'Badly signed, since this replica started', example: 3 })
  rejected!: number;
  @ApiProperty({ type: MappedDocument })
  mapped!: MappedDocument;
}

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
  @ApiOkResponse({ type: CountsDocument })
  async counts(): Promise<CountsDocument> {
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
