import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { EventLog } from '@paylog/event-sourcing';
import { RequireScopes } from '@paylog/http';
import { IsIn, IsOptional } from 'class-validator';

/** Provide the logs that park: `{ provide: PARKED_LOGS, useValue: [log] }`. */
export const PARKED_LOGS = Symbol('logs that park');

class ParkedQuery {
  @IsOptional()
  @IsIn(['parked', 'ready'])
  status?: 'parked' | 'ready';
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
  async list(@Query() { status }: ParkedQuery) {
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
