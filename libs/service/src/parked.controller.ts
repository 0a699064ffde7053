import { Controller, Get, Inject, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import type { EventLog } from '@paylog/event-sourcing';
import { RequireScopes } from '@paylog/http';
import { IsIn, IsOptional } from 'class-validator';

/** Provide the logs that park: `{ provide: PARKED_LOGS, useValue: [log] }`. */
export const PARKED_LOGS = Symbol('logs that park');

class ParkedQuery {
  @ApiPropertyOptional({ enum: ['parked', 'ready'], description: 'Default: both' })
  @IsOptional()
  @IsIn(['parked', 'ready'])
  status?: 'parked' | 'ready';
}

class ParkedDocument {
  @ApiProperty({ description: 'Name it in ReplayParked or DiscardParked' })
  id!: string;
  @ApiProperty({ enum: ['poison', 'unresolved'] })
  kind!: string;
  @ApiProperty({
    description: 'Group and topic',
    example: 'payment-state.facts/payments.intents.v1',
  })
  source!: string;
  @ApiProperty({ example: 3 })
  partition!: number;
  @ApiProperty({ example: '4711' })
  offset!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Mostly a payment id' })
  key!: string | null;
  @ApiProperty({ example: 'decode' })
  stage!: string;
  @ApiProperty({ example: 'FactRecorded: /fact/amount/minor must match a pattern' })
  error!: string;
  @ApiProperty({ type: String, nullable: true, description: 'What would release it by itself' })
  reference!: string | null;
  @ApiProperty({ enum: ['parked', 'ready'], description: 'Ready: being applied' })
  status!: string;
  @ApiProperty()
  parkedAt!: string;
}

class ParkedListDocument {
  @ApiProperty({ type: [ParkedDocument] })
  parked!: ParkedDocument[];
}

/** What waits here for a person or for a reference. The value itself is in the dead-letter topic and the table. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/parked')
export class ParkedController {
  constructor(@Inject(PARKED_LOGS) private readonly logs: readonly EventLog[]) {}

  @Get()
  @RequireScopes('operations')
  @ApiOperation({ summary: 'Open parked rows, oldest first, 1000 at most' })
  @ApiOkResponse({ type: ParkedListDocument })
  async list(@Query() { status }: ParkedQuery): Promise<ParkedListDocument> {
    const rows = await Promise.all(
      this.logs.map((log) => log.parked({ ...(status && { status }), limit: 1_000 })),
    );
    return {
      parked: rows.flat().map((row) => ({
        id: row.id,
        kind: row.kind,
        source: row.source,
        partition: row.partition,
        offset: String(row.offset),
        key: row.key,
        stage: row.stage,
        error: row.error,
        reference: row.reference ?? null,
        status: row.status,
        parkedAt: row.parkedAt.toISOString(),
      })),
    };
  }
}
