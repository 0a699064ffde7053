import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { annotate, hush, Public, RawBody } from '@paylog/http';
import type { FastifyRequest } from 'fastify';
import { RECEIVER } from '../tokens.js';
import type { Receiver } from './receiver.js';

/** Headers are kept as evidence up to this size; a gateway sends a few hundred bytes. */
const HEADER_CHARS_MAX = 8_192;
const RECEIVED = { received: true } as const;
const NEVER_KEPT = new Set(['authorization', 'cookie', 'proxy-authorization']);

type Delivered = FastifyRequest<{ Params: { gateway: string; account: string } }>;

/** Public: the signature over the raw bytes is what lets a delivery in. */
@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(@Inject(RECEIVER) private readonly receiver: Receiver) {}

  @Post(':gateway/:account')
  @HttpCode(200)
  @Public()
  @RawBody()
  @ApiOperation({ summary: 'A delivery of a gateway, acknowledged when it is on disk' })
  @ApiResponse({ status: 200, description: 'Stored byte for byte, now or before' })
  @ApiResponse({ status: 401, description: 'Signature missing, wrong or stale' })
  @ApiResponse({ status: 404, description: 'Unknown gateway or account' })
  @ApiResponse({ status: 413, description: 'Larger than 1 MiB' })
  @ApiResponse({ status: 503, description: 'Not stored: send it again' })
  @ApiParam({ name: 'gateway', type: String })
  @ApiParam({ name: 'account', type: String })
  async receive(request: Delivered, body: Buffer): Promise<{ received: true }> {
    const { params, headers } = request;
    const delivery = {
      gateway: params.gateway,
      account: params.account,
      body,
      headers: kept(headers),
      receivedAt: now(),
    };
    // Not from the kept headers, of which a long one may be missing.
    const signature = headers['stripe-signature'];
    const signed = Array.isArray(signature) ? signature.join() : signature;
    const received = await this.receiver.receive(delivery, signed);
    annotate(request, received);
    // The mapper's line tells of it, with its payment and order; of a repeat nobody else does.
    if (received.outcome === 'accepted') hush(request);
    return RECEIVED;
  }
}

let clock = { ms: 0, text: '' };

/** Written once a millisecond: many deliveries arrive in it. */
function now(): string {
  const ms = Date.now();
  if (clock.ms !== ms) clock = { ms, text: new Date(ms).toISOString() };
  return clock.text;
}

function kept(headers: FastifyRequest['headers']): Record<string, string> {
  const result: Record<string, string> = {};
  let room = HEADER_CHARS_MAX;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || NEVER_KEPT.has(name)) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    if (name.length + text.length > room) continue;
    room -= name.length + text.length;
    // A NUL can't be stored as text, and no honest header holds one.
    result[name] = text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text;
  }
  return result;
}
