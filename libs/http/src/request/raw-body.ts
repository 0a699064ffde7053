import type { IncomingMessage } from 'node:http';
import { HttpStatus } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { errorCodes } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { isPublic } from '../access/access-guard.js';

const RAW_BODY = 'paylogRawBody';
/** Where `@HttpCode()` keeps it. */
const HTTP_CODE = '__httpCode__';

type RawHandler<R extends FastifyRequest, A> = (
  request: R,
  body: Buffer,
  reply: FastifyReply,
) => Promise<A>;

/** Which method of which controller, as the route's configuration carries it. */
interface RawRoute {
  readonly controller: Type;
  readonly method: string | symbol;
}

/**
 * This route takes the body as it came, whatever its content type says and however broken it is. Nothing is parsed,
 * refused or altered; only the size is limited. Fastify calls the method itself, with the request, the bytes and the
 * reply, whose status it may change, and sends what it answers: Nest's guards, pipes and interceptors, which would cost
 * more than such a handler, are not asked. So it must be `@Public()`.
 */
export function RawBody() {
  // Whatever it is bound to and however few of these it takes.
  return <H extends (request: never, body: Buffer, reply: FastifyReply) => Promise<unknown>>(
    prototype: object,
    method: string | symbol,
    descriptor: TypedPropertyDescriptor<H>,
  ): void => {
    const route: RawRoute = { controller: prototype.constructor as Type, method };
    RouteConfig({ [RAW_BODY]: route })(prototype, method, descriptor);
  };
}

/** Before Nest adds its routes. `controllerOf` finds the one instance of a controller. */
export function routeRawBodies(
  fastify: FastifyInstance,
  bytesMax: number,
  controllerOf: (type: Type) => Readonly<Record<string | symbol, unknown>>,
): void {
  fastify.addHook('onRoute', (options: RouteOptions) => {
    const config = options.config as Readonly<Record<string, unknown>> | undefined;
    const route = config?.[RAW_BODY] as RawRoute | undefined;
    if (route === undefined) return;
    const controller = controllerOf(route.controller);
    const handler = controller[route.method] as RawHandler<FastifyRequest, unknown>;
    if (!isPublic(route.controller, handler)) {
      throw new Error(
        `${String(options.url)} takes raw bodies: no guard is asked, so it must be @Public()`,
      );
    }
    const status = Number(Reflect.getMetadata(HTTP_CODE, handler) ?? HttpStatus.CREATED);
    const answer = handler.bind(controller);
    // Here, before Fastify looks at the content type and wraps the body in what parsers need.
    options.onRequest = (request, reply) => {
      readBody(request.raw, bytesMax, (error, body) => {
        if (error) return fail(reply, error);
        if (lacksParameter(request)) return reply.callNotFound();
        request.body = body;
        answer(request, body, reply.status(status)).then(
          (answered) => void reply.send(answered),
          (failure: unknown) => void reply.send(failure),
        );
      });
    };
  });
}

/** `/webhooks//main`: no such route to Nest, but one to Fastify. */
function lacksParameter({ params }: FastifyRequest): boolean {
  return Object.values(params as Readonly<Record<string, string>>).includes('');
}

/** The rest of a body that nobody reads is still on its way: the connection ends with the answer. */
function fail(reply: FastifyReply, error: Error): void {
  void reply.header('connection', 'close').send(error);
}

function readBody(
  raw: IncomingMessage,
  bytesMax: number,
  done: (error: Error | null, body: Buffer) => void,
): void {
  if (Number(raw.headers['content-length']) > bytesMax) return done(tooLarge(), Buffer.alloc(0));
  const chunks: Buffer[] = [];
  let length = 0;
  const end = (error: Error | null): void => {
    raw.off('data', take).off('end', ended).off('error', end);
    const [first] = chunks;
    done(error, first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, length));
  };
  const ended = (): void => end(null);
  const take = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > bytesMax) end(tooLarge());
    else chunks.push(chunk);
  };
  raw.on('data', take).on('end', ended).on('error', end);
}

/** As Fastify's own parsers say it. */
const tooLarge = (): Error => new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
