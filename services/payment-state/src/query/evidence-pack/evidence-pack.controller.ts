import { Controller, Get, Header, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import type { EventLog } from '@paylog/event-sourcing';
import { Caller, type CallerIdentity, RequireScopes } from '@paylog/http';
import { IsIn, IsOptional } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { Pool } from 'pg';
import { LOG, POOL } from '../../tokens.js';
import { PaymentPath } from '../payment-path.js';
import { visiblePayment } from '../visible-payment.js';
import { type EvidencePack, filedUnder, historyOf, packOf } from './evidence-pack.js';
import { masked } from './masked.js';
import { proofsOf } from './proofs.sql.js';
import { CONTENT_POLICY, renderPack } from './render-pack.js';

type Format = 'html' | 'json';

class PackQuery {
  @ApiPropertyOptional({ enum: ['html', 'json'], description: 'Default: by `Accept`, else `html`' })
  @IsOptional()
  @IsIn(['html', 'json'], { message: 'format is `html` or `json`' })
  format?: Format;
}

/** One download for a dispute. Reads what this service has stored; asks nobody. */
@ApiTags('payments')
@ApiBearerAuth()
@Controller('v1/payments/:paymentId/evidence-pack')
export class EvidencePackController {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(LOG) private readonly log: EventLog,
  ) {}

  /** No read token: what a shopper's browser may see is the state of the payment, not how the merchant defends it. */
  @Get()
  @RequireScopes('payments:read')
  @Header('cache-control', 'no-store')
  @Header('vary', 'accept')
  @Header('x-content-type-options', 'nosniff')
  @Header('content-security-policy', CONTENT_POLICY)
  @ApiOperation({
    summary: 'Everything that vouches for a payment, as one file',
    description:
      'The order and its terms, disputes with what is due until when, every event, the verified webhooks behind them, and ' +
      'what was decided about the goods. The HTML needs nothing else to be shown or printed.',
  })
  @ApiParam({ name: 'paymentId' })
  @ApiProduces('text/html', 'application/json')
  @ApiOkResponse({ description: 'An attachment' })
  @ApiNotFoundResponse({ description: "Unknown, or another storefront's" })
  async download(
    @Param() { paymentId }: PaymentPath,
    @Query() { format }: PackQuery,
    @Headers('accept') accept: string | undefined,
    @Caller() caller: CallerIdentity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | EvidencePack> {
    await visiblePayment(this.pool, paymentId, caller);
    const history = historyOf(paymentId, await this.log.readStream(paymentId));
    const proofs = await proofsOf(this.pool, filedUnder(paymentId, history));
    const generatedAt = new Date().toISOString();
    const pack = masked(packOf({ paymentId, generatedAt, history, proofs }));
    const as = format ?? asked(accept);
    const name = `evidence-pack-${paymentId}.${as}`;
    void reply.header('content-disposition', `attachment; filename="${name}"`);
    if (as === 'json') return pack;
    void reply.type('text/html; charset=utf-8');
    return renderPack(pack);
  }
}

/** A browser names HTML, and everything else as well. */
function asked(accept = ''): Format {
  return accept.includes('application/json') && !accept.includes('text/html') ? 'json' : 'html';
}
