import { Controller, Get, Inject, Optional, Query } from '@nestjs/common';
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

/** Provide it where rows of a source are given a payment of their own in time: `{ provide: NAMED_AFTER, useValue }`. */
export const NAMED_AFTER = Symbol('when unresolved rows are named');

/** Unresolved rows of this source are named, and ready, so long after they were parked. */
export interface NamedAfter {
  readonly source: string;
  readonly ms: number;
}

/** A control character can't be stored, so nothing has such a key. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

class ParkedQuery {
  @ApiPropertyOptional({ enum: ['parked', 'ready'], description: 'Default: both' })
  @IsOptional()
  @IsIn(['parked', 'ready'])
  status?: 'parked' | 'ready';

  @ApiPropertyOptional({ enum: ['poison', 'unresolved'] })
  @IsOptional()
  @IsIn(['poison', 'unresolved'])
  kind?: 'poison' | 'unresolved';

  @ApiPropertyOptional({ description: 'Whose messages', example: 'payment-state.facts' })
  @IsOptional()
  @Matches(/^[A-Za-z0-9._-]{1,100}$/)
  group?: string;

  @ApiPropertyOptional({ description: 'Of this key, mostly a payment id' })
  @IsOptional()
  @Matches(PRINTABLE)
  key?: string;

  @ApiPropertyOptional({ description: 'Waits for this, such as a gateway’s id' })
  @IsOptional()
  @Matches(PRINTABLE)
  reference?: string;

  @ApiPropertyOptional({ description: 'Parked for longer, in ms', example: 3_600_000 })
  @IsOptional()
  @Matches(/^\d{1,12}$/)
  olderThanMs?: string;

  @ApiPropertyOptional({ description: 'Rows a page, 1000 at most', example: 100 })
  @IsOptional()
  @Matches(/^([1-9]\d{0,2}|1000)$/)
  limit?: string;

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
  @ApiProperty({ example: 4_200 })
  ageSeconds!: number;
  @ApiPropertyOptional({
    description: 'Unless its payment becomes known before, it is then of one that nobody asked for',
  })
  foreignAt?: string;
}

class ParkedAgeDocument {
  @ApiProperty({ example: 'payment-state.facts' })
  group!: string;
  @ApiProperty({ enum: ['poison', 'unresolved'] })
  kind!: string;
  @ApiProperty({ example: 2 })
  count!: number;
  @ApiProperty({ example: '2026-03-01T12:00:00.000Z' })
  oldest!: string;
}

class ParkedListDocument {
  @ApiProperty({ type: [ParkedDocument] })
  parked!: ParkedDocument[];
  @ApiPropertyOptional({
    type: [ParkedAgeDocument],
    description: 'On the first page: all that is open, whatever was asked for',
  })
  ages?: ParkedAgeDocument[];
  @ApiPropertyOptional({ description: 'There may be more: ask again with `after`' })
  next?: string;
}

const PAGE = 1_000;

/** What waits here for a person or for a reference. The value itself is in the dead-letter topic and the table. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/parked')
export class ParkedController {
  constructor(
    @Inject(PARKED_LOGS) private readonly logs: readonly EventLog[],
    @Optional() @Inject(NAMED_AFTER) private readonly named?: NamedAfter,
  ) {}

  @Get()
  @RequireScopes('operations')
  @ApiOperation({ summary: 'Open parked rows, of each log the oldest first, page by page' })
  @ApiOkResponse({ type: ParkedListDocument })
  async list(@Query() query: ParkedQuery): Promise<ParkedListDocument> {
    const { after } = query;
    const pageRows = Number(query.limit ?? PAGE);
    const filter = filterOf(query);
    const cursor = after?.split('.') as [log: string, id: string] | undefined;
    let last: string | undefined;
    const rows: ParkedEntry[] = [];
    for (let index = Number(cursor?.[0] ?? 0); index < this.logs.length; index++) {
      const limit = pageRows - rows.length;
      if (limit === 0) break;
      const continued = cursor && index === Number(cursor[0]) ? { after: cursor[1] } : {};
      const page = await this.logs[index]?.listParked({
        limit,
        ...filter,
        ...continued,
      });
      rows.push(...(page ?? []));
      if (page?.length) last = `${index}.${page.at(-1)?.id}`;
    }
    return {
      parked: rows.map((row) => documentOf(row, this.named)),
      ...(after === undefined && { ages: await this.ages() }),
      ...(rows.length === pageRows && last !== undefined && { next: last }),
    };
  }

  private async ages(): Promise<ParkedAgeDocument[]> {
    const all = await Promise.all(this.logs.map((log) => log.parkedAges()));
    return all.flat().map((age) => ({ ...age, oldest: age.oldest.toISOString() }));
  }
}

function filterOf({ status, kind, group, key, reference, olderThanMs }: ParkedQuery) {
  return {
    ...(status && { status }),
    ...(kind && { kind }),
    ...(group && { group }),
    ...(key && { key }),
    ...(reference && { reference }),
    ...(olderThanMs && { before: new Date(Date.now() - Number(olderThanMs)) }),
  };
}

function documentOf(row: ParkedEntry, named: NamedAfter | undefined): ParkedDocument {
  const waits =
    row.status === 'parked' &&
    row.kind === 'unresolved' &&
    row.reference !== undefined &&
    row.source === named?.source;
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
    ageSeconds: Math.floor((Date.now() - row.parkedAt.getTime()) / 1_000),
    ...(waits && { foreignAt: new Date(row.parkedAt.getTime() + named.ms).toISOString() }),
  };
}
