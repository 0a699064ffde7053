import { Controller, Get, Inject, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import type { EventLog, ParkedEntry } from '@paylog/event-sourcing';
import { RequireScopes } from '@paylog/http';
import { IsIn, IsOptional, Matches } from 'class-validator';

/** Provide the logs that park: `{ provide: PARKED_LOGS, useValue: [log] }`. */
export const PARKED_LOGS = Symbol('logs that park');

class ParkedQuery {
  @ApiPropertyOptional({ enum: ['parked', 'ready'], description: 'Default: both' })
  @IsOptional()
  @IsIn(['parked', 'ready'])
  status?: 'parked' | 'ready';

  @ApiPropertyOptional({ description: '`next` of the page before', example: '0.prk…' })
  @IsOptional()
  @Matches(/^\d\.[a-z0-9-]{1,64}$/)
  after?: string;
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
  @ApiPropertyOptional({ description: 'There may be more: ask again with `after`' })
  next?: string;
}

const PAGE = 1_000;

/** What waits here for a person or for a reference. The value itself is in the dead-letter topic and the table. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/parked')
export class ParkedController {
  constructor(@Inject(PARKED_LOGS) private readonly logs: readonly EventLog[]) {}

  @Get()
  @RequireScopes('operations')
  @ApiOperation({ summary: 'Open parked rows, of each log the oldest first, 1000 a page' })
  @ApiOkResponse({ type: ParkedListDocument })
  async list(@Query() { status, after }: ParkedQuery): Promise<ParkedListDocument> {
    const cursor = after?.split('.') as [log: string, id: string] | undefined;
    let last: string | undefined;
    const rows: ParkedEntry[] = [];
    for (let index = Number(cursor?.[0] ?? 0); index < this.logs.length; index++) {
      const limit = PAGE - rows.length;
      if (limit === 0) break;
      const continued = cursor && index === Number(cursor[0]) ? { after: cursor[1] } : {};
      const page = await this.logs[index]?.listParked({
        limit,
        ...(status && { status }),
        ...continued,
      });
      rows.push(...(page ?? []));
      if (page?.length) last = `${index}.${page.at(-1)?.id}`;
    }
    return {
      parked: rows.map(documentOf),
      ...(rows.length === PAGE && last !== undefined && { next: last }),
    };
  }
}

function documentOf(row: ParkedEntry): ParkedDocument {
  return {
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
  };
}
