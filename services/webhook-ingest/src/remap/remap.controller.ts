import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { toWireFact } from '@paylog/contracts';
import { RequireScopes } from '@paylog/http';
import { Matches, IsInt, IsOptional, Length, Max, Min, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { REMAP } from '../tokens.js';
import type { Remap, Remapped } from './remap.js';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const PAGE_MAX = 500;

class ApplyDto {
  @ApiProperty({ description: 'Who appends it' })
  @Length(1, 60)
  operator!: string;

  @ApiProperty({ description: 'Why; kept in the log for ever' })
  @Length(1, 120)
  reason!: string;
}

class RemapDto {
  @ApiProperty({ description: 'Evidence received from then on', example: '2026-03-01T00:00:00Z' })
  @Matches(INSTANT)
  from!: string;

  @ApiProperty({ description: 'And before then', example: '2026-03-02T00:00:00Z' })
  @Matches(INSTANT)
  to!: string;

  @ApiPropertyOptional({ description: '`next` of the page before' })
  @IsOptional()
  @Matches(/^\d{1,3}\.\d{1,18}$/)
  after?: string;

  @ApiPropertyOptional({
    description: 'Pieces of evidence a page',
    default: 200,
    maximum: PAGE_MAX,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(PAGE_MAX)
  limit?: number;

  @ApiPropertyOptional({ type: ApplyDto, description: 'Absent: nothing is appended' })
  @IsOptional()
  @ValidateNested()
  @Type(() => ApplyDto)
  apply?: ApplyDto;
}

class RemappedDocument {
  @ApiProperty({ example: 'stripe-main' })
  account!: string;
  @ApiProperty({ type: String, nullable: true })
  eventId!: string | null;
  @ApiProperty({ type: [String] })
  evidence!: readonly string[];
  @ApiProperty({ type: [String] })
  eventTypes!: readonly string[];
  @ApiProperty({ type: [Object], description: 'Facts that stand and are no longer told' })
  retract!: readonly object[];
  @ApiProperty({ type: [Object], description: 'Facts that are told now' })
  add!: readonly object[];
  @ApiProperty({ type: [String], description: 'Why it can’t be appended' })
  conflicts!: readonly string[];
  @ApiPropertyOptional({ description: 'Why it can’t be looked at' })
  skipped?: string;
  @ApiProperty()
  applied!: boolean;
}

class RemapPageDocument {
  @ApiProperty({ type: [RemappedDocument] })
  remapped!: RemappedDocument[];
  @ApiProperty({ example: 200 })
  looked!: number;
  @ApiPropertyOptional({ description: 'Ask again with `after`' })
  next?: string;
}

/** A corrected mapping, over what is stored. */
@ApiTags('operations')
@ApiBearerAuth()
@Controller('operations/webhooks/remap')
export class RemapController {
  constructor(@Inject(REMAP) private readonly remap: Remap) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('operations')
  @ApiOperation({ summary: 'What today’s mapping says otherwise; appended only when asked for' })
  @ApiOkResponse({ type: RemapPageDocument })
  async page(
    @Body() { from, to, after, limit = 200, apply }: RemapDto,
  ): Promise<RemapPageDocument> {
    const [lane = '-1', position = '0'] = after?.split('.') ?? [];
    const place = { lane: Number(lane), position: BigInt(position) };
    const at = new Date().toISOString();
    const as = apply && { operator: apply.operator, reason: apply.reason, at };
    // As stored: to the millisecond, so that texts compare like times.
    const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    const page = await this.remap.page(range, place, limit, as);
    return {
      remapped: page.remapped.map(documentOf),
      looked: page.looked,
      ...(page.next && { next: `${page.next.lane}.${page.next.position}` }),
    };
  }
}

function documentOf({ difference, ...one }: Remapped): RemappedDocument {
  const { retract, add, conflicts } = difference;
  return {
    ...one,
    retract: retract.map(({ paymentId, fact, successor }) => ({
      paymentId,
      ...toWireFact(fact),
      ...(successor !== undefined && { successor }),
    })),
    add: add.map(({ paymentId, fact }) => ({ paymentId, ...toWireFact(fact) })),
    conflicts,
  };
}
