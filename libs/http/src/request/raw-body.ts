import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

const RAW_BODY = 'paylogRawBody';

/**
 * This route takes the body as it came: `@Body() body: Buffer`, whatever its content type says and
 * however broken it is. Nothing is parsed, refused or altered; only the size is limited.
 */
export function RawBody(): MethodDecorator {
  return RouteConfig({ [RAW_BODY]: true });
}

export function takesRawBody(request: FastifyRequest): boolean {
  const config = request.routeOptions.config as unknown as Record<string, unknown> | undefined;
  return config?.[RAW_BODY] === true;
}

const bodies = new WeakMap<object, Buffer>();

/** For routes whose body is parsed; where it is taken raw, it is `request.body`. */
export function keepRawBody(request: FastifyRequest, body: Buffer): void {
  bodies.set(request.raw, body);
}

/** The exact bytes of the request's body; empty when it had none. Works on every route. */
export function rawBodyOf(request: FastifyRequest): Buffer {
  const body = takesRawBody(request) ? request.body : bodies.get(request.raw);
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
