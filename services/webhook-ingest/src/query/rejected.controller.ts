import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '@paylog/http';
import type { Pool } from 'pg';
import { newestRejections } from '../ingest/rejections.sql.js';
import { POOL } from '../tokens.js';

class RejectedDocument {
  @ApiProperty()
  receivedAt!: Date;
  @ApiProperty({ example: 'stripe' })
  gateway!: string;
  @ApiProperty({ example: 'stripe-main' })
  account!: string;
  @ApiProperty({ example: 'signature_mismatch' })
  reason!: string;
  @ApiProperty({ type: Object })
  headers!: Readonly<Record<string, string>>;
  @ApiProperty()
  bodySha256!: string;
  @ApiProperty()
  bodyBytes!: number;
}

class RejectedListDocument {
  @ApiProperty({ type: [RejectedDocument] })
  rejected!: RejectedDocument[];
}

/** What was turned away in the last seven days: a key rotation that went wrong shows here first. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/webhooks/rejected')
export class RejectedController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get()
  @RequireScopes('operations')
  @ApiOperation({ summary: 'The newest refused deliveries: reason, headers, digest of the body' })
  @ApiOkResponse({ type: RejectedListDocument })
  async list(): Promise<RejectedListDocument> {
    const rows = await newestRejections(this.pool, 100);
    return { rejected: rows };
  }
}
