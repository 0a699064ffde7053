import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { annotate, hush, Public, RawBody } from '@paylog/http';
import { providers } from '@paylog/gateways';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RECEIVER } from '../tokens.js';
import type { Receiver } from './receiver.js';

/** Headers are kept as evidence up to this size; a gateway sends a few hundred bytes. */
const HEADER_CHARS_MAX = 8_192;
const RECEIVED = { received: true } as const;
const NO_CONTENT = 204;
const NEVER_KEPT = new Set(['authorization', 'cookie', 'proxy-authorization']);

const SIGNATURE_HEADERS: ReadonlyMap<string, readonly string[]> = new Map(
  providers().map(({ gateway, headers }) => [gateway, headers] as const),
);

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
  @ApiResponse({ status: 204, description: 'The same, as GoCardless wants it' })
  @ApiResponse({ status: 401, description: 'Signature missing, wrong or stale' })
  @ApiResponse({ status: 498, description: 'The same, as GoCardless wants it' })
  @ApiResponse({ status: 404, description: 'Unknown gateway or account' })
  @ApiResponse({ status: 413, description: 'Larger than 1 MiB' })
  @ApiResponse({ status: 503, description: 'Not stored: send it again' })
  @ApiParam({ name: 'gateway', type: String })
  @ApiParam({ name: 'account', type: String })
  async receive(
    request: Delivered,
    body: Buffer,
    reply: FastifyReply,
  ): Promise<{ received: true } | undefined> {
    const { params, headers } = request;
    const { gateway, account } = params;
    const delivery = {
      gateway,
      account,
      body,
      headers: kept(headers, SIGNATURE_HEADERS.get(gateway) ?? []),
      receivedAt: now(),
    };
    const received = await this.receiver.receive(delivery, headers);
    annotate(request, received);
    // The mapper's line tells of it, with its payment and order; of a repeat nobody else does.
    if (received.outcome === 'accepted') hush(request);
    if (received.status === NO_CONTENT) {
      void reply.status(NO_CONTENT);
      return undefined;
    }
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

/** What a signature is checked with comes first: it must not be crowded out. */
function kept(
  headers: FastifyRequest['headers'],
  first: readonly string[],
): Record<string, string> {
  const result: Record<string, string> = {};
  let room = HEADER_CHARS_MAX;
  const keep = (name: string): void => {
    const value = headers[name];
    if (value === undefined || NEVER_KEPT.has(name)) return;
    const text = Array.isArray(value) ? value.join(', ') : value;
    if (name.length + text.length > room) return;
    room -= name.length + text.length;
    // A NUL can't be stored as text, and no honest header holds one.
    result[name] = text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text;
  };
  for (const name of first) keep(name);
  for (const name in headers) if (!Object.hasOwn(result, name)) keep(name);
  return result;
}
