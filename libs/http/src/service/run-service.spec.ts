import 'reflect-metadata';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Module,
  Param,
  Post,
  Res,
  Sse,
} from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { createLogger } from '@paylog/observability';
import { Type } from 'class-transformer';
import { IsInt, IsString, Matches, ValidateNested } from 'class-validator';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Observable, fromEvent, takeUntil } from 'rxjs';
import { Public } from '../access/access-guard.js';
import { Problem } from '../problem/problem.js';
import { RawBody } from '../request/raw-body.js';
import { Health } from './health.js';
import { startService } from './run-service.js';
import type { RunningService, ServiceOptions } from './run-service.js';

class Amount {
  @ApiProperty() @Matches(/^\d+$/) readonly minor!: string;
  @ApiProperty() @IsString() readonly currency!: string;
}

class Order {
  @ApiProperty() @IsString() readonly orderId!: string;
  @ApiProperty() @ValidateNested() @Type(() => Amount) readonly amount!: Amount;
  @ApiProperty() @IsInt({ each: true }) readonly lines!: number[];
}

@Controller()
class Routes {
  constructor(
    @Inject('greeting') private readonly greeting: string,
    @Inject(Health) private readonly health: Health,
  ) {}

  @Get('greeting')
  greet() {
    return { greeting: this.greeting };
  }

  @Post('orders')
  order(@Body() order: Order) {
    return { orderId: order.orderId, isOrder: order instanceof Order };
  }

  @Post('webhooks/:account')
  @HttpCode(200)
  @Public()
  @RawBody()
  async webhook(request: FastifyRequest<{ Params: { account: string } }>, body: Buffer) {
    return { account: request.params.account, base64: body.toString('base64') };
  }

  @Get('faults/:kind')
  fault(@Param('kind') kind: string) {
    if (kind === 'refusal') throw Problem.conflict('In flight.', { retryAfter: 2 });
    if (kind === 'transient') throw Object.assign(new Error('secret text'), { transient: true });
    if (kind === 'away') throw Object.assign(new Error('secret text'), { code: 'ECONNREFUSED' });
    if (kind === 'mapped') throw new RangeError('mine');
    throw new Error('secret text');
  }

  @Sse('stream')
  stream() {
    const stopping = fromEvent(this.health.stopping, 'abort');
    return new Observable<{ data: string }>((out) => out.next({ data: 'hello' })).pipe(
      takeUntil(stopping),
    );
  }

  @Get('deaf')
  deaf(@Res() reply: FastifyReply) {
    reply.hijack();
    reply.raw.write('never ends');
  }
}

@Module({})
class AppModule {
  static with(health: Health): DynamicModule {
    return {
      module: AppModule,
      controllers: [Routes],
      providers: [
        { provide: Health, useValue: health },
        { provide: 'greeting', useFactory: () => 'hello' },
      ],
    };
  }
}

const lines: string[] = [];
const logger = createLogger('spec', {
  level: 'debug',
  destination: new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  }),
});

function start(health: Health, options: Partial<ServiceOptions> = {}): Promise<RunningService> {
  return startService({
    name: 'spec',
    module: AppModule.with(health),
    port: 0,
    host: '127.0.0.1',
    health,
    logger,
    mapError: (error) => (error instanceof RangeError ? new Problem(418, 'Mapped.') : undefined),
    ...options,
  });
}

describe('startService', () => {
  const health = new Health();
  let service: RunningService;
  beforeAll(async () => {
    service = await start(health);
  });
  afterAll(() => service.stop());

  const get = (path: string, init?: RequestInit) => fetch(`${service.url}${path}`, init);
  const post = (path: string, body: string | Buffer<ArrayBuffer>, type = 'application/json') =>
    get(path, { method: 'POST', body, headers: { 'content-type': type } });

  async function problem(answer: Response) {
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const document = (await answer.json()) as Record<string, unknown>;
    expect(document).toMatchObject({
      type: expect.any(String),
      title: expect.any(String),
      status: answer.status,
      detail: expect.any(String),
    });
    return document;
  }

  it('serves a controller made by factories', async () => {
    expect(await (await get('/greeting')).json()).toEqual({ greeting: 'hello' });
  });

  describe('bodies', () => {
    const valid = { orderId: 'o-1', amount: { minor: '100', currency: 'EUR' }, lines: [1] };

    it('turns JSON into its DTO', async () => {
      const answer = await post('/orders', JSON.stringify(valid));
      expect(await answer.json()).toEqual({ orderId: 'o-1', isOrder: true });
    });

    it('names every wrong field by its path', async () => {
      const wrong = { ...valid, amount: { minor: '-1', currency: 'EUR' }, lines: ['a'], more: 1 };
      const document = await problem(await post('/orders', JSON.stringify(wrong)));
      expect(document).toMatchObject({ status: 400, code: 'invalid_request' });
      const errors = document['errors'] as { field: string; detail: string }[];
      expect(errors.map(({ field }) => field).sort()).toEqual(['amount.minor', 'lines', 'more']);
      expect(errors.find(({ field }) => field === 'amount.minor')?.detail).toContain(
        'amount.minor',
      );
    });

    it('takes an empty body with the JSON content type for an empty object', async () => {
      expect(await problem(await post('/orders', ''))).toMatchObject({ status: 400 });
    });

    it.each([
      ['broken JSON', '{"a":', 400],
      ['a poisoned prototype', '{"__proto__":{"admin":true}}', 400],
      ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400],
      ['deep nesting', '['.repeat(10_000), 400],
      ['a card number', JSON.stringify({ ...valid, orderId: '4242 4242 4242 4242' }), 422],
      ['more than 1 MiB', JSON.stringify({ orderId: 'x'.repeat(1024 * 1024) }), 413],
    ])('refuses %s', async (_name, body, status) => {
      const document = await problem(await post('/orders', body));
      expect(document['status']).toBe(status);
      if (status === 422) expect(document['field']).toBe('orderId');
    });

    it('refuses other content types', async () => {
      await problem(await post('/orders', 'a=b', 'application/x-www-form-urlencoded'));
      expect((await post('/orders', 'a=b', 'text/plain')).status).toBe(415);
    });
  });

  describe('@RawBody', () => {
    it.each([
      ['JSON', '{ "a" : 1 }\n', 'application/json; charset=utf-8'],
      ['broken JSON', '{"a":', 'application/json'],
      ['not UTF-8', Buffer.from([0, 0xff, 0x0a]), 'application/json'],
      ['a form', 'payload=%7B%7D', 'application/x-www-form-urlencoded'],
      ['XML', '<a/>', 'text/xml'],
      ['a card number', '{"note":"4242424242424242"}', 'application/json'],
      ['a content type that is none', 'x', 'garbage'],
      ['nothing at all', '', 'application/json'],
    ])('hands over %s byte for byte', async (_name, body, type) => {
      const answer = await post('/webhooks/main', body, type);
      expect(answer.status).toBe(200);
      const base64 = Buffer.from(body).toString('base64');
      expect(await answer.json()).toEqual({ account: 'main', base64 });
    });

    it('takes a body without content type', async () => {
      const answer = await get('/webhooks/main', { method: 'POST', body: Buffer.from('x') });
      expect(await answer.json()).toMatchObject({ base64: 'eA==' });
    });

    it.each([
      ['says', { 'content-length': String(1024 * 1024 + 1) }],
      ['does not say', { 'transfer-encoding': 'chunked' }],
    ])(
      'is limited in size all the same, where the sender %s how much comes',
      async (_, headers) => {
        const sent = request(`${service.url}/webhooks/main`, { method: 'POST', headers });
        sent.on('error', () => undefined);
        sent.write(Buffer.alloc(1024 * 1024 + 1));
        const [answer] = (await once(sent, 'response')) as [IncomingMessage];
        expect(answer.statusCode).toBe(413);
        expect(answer.headers).toMatchObject({
          connection: 'close',
          'content-type': expect.stringContaining('application/problem+json'),
        });
        sent.destroy();
      },
    );

    it('is not found where a parameter is empty', async () => {
      const document = await problem(await post('/webhooks/', 'x'));
      expect(document).toMatchObject({ status: 404, detail: 'Cannot POST /webhooks/' });
    });

    it('is refused at the start where a guard would have to be asked', async () => {
      @Controller()
      class Guarded {
        @Post('guarded')
        @RawBody()
        async take(_request: FastifyRequest, body: Buffer) {
          return body.length;
        }
      }
      @Module({ controllers: [Guarded] })
      class GuardedModule {}
      const starting = startService({
        name: 'spec',
        module: GuardedModule,
        port: 0,
        health,
        logger,
      });
      await expect(starting).rejects.toThrow('@Public()');
    });
  });

  describe('problems', () => {
    it('answers 404 for what is not there', async () => {
      expect(await problem(await get('/nowhere'))).toMatchObject({
        status: 404,
        code: 'not_found',
      });
    });

    it.each([
      ['refusal', 409, '2'],
      ['transient', 503, '1'],
      ['away', 503, '1'],
      ['mapped', 418, null],
      ['other', 500, null],
    ])('%s: %i', async (kind, status, retryAfter) => {
      const answer = await get(`/faults/${kind}`);
      const document = await problem(answer);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
      expect(JSON.stringify(document)).not.toContain('secret text');
    });

    it('logs one line a request, with the trace it continued, and masks read tokens', async () => {
      lines.length = 0;
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      await get('/greeting?token=abcdefghijk', { headers: { traceparent } });
      const ours = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(ours.filter(({ msg }) => msg === 'http request')).toMatchObject([
        { path: '/greeting?token=[redacted]', status: 200, traceId: traceparent.slice(3, 35) },
      ]);
    });

    it.each([
      ['is not HTTP', 'nonsense\r\n\r\n', 'HTTP/1.1 400'],
      [
        'has a bad path',
        'GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
        'HTTP/1.1 400',
      ],
      ['has huge headers', `GET / HTTP/1.1\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 'HTTP/1.1 431'],
    ])('answers even what %s with a problem', async (_name, request, expected) => {
      const socket = connect(service.port, '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.on('error', () => undefined);
      socket.write(request);
      await once(socket, 'close');
      expect(answer).toContain(expected);
      expect(answer).toContain('application/problem+json');
    });
  });

  describe('operations', () => {
    it('is alive, and ready as its probes say', async () => {
      expect((await get('/health/live')).status).toBe(200);
      health.add('kafka', () => 'degraded');
      const degraded = await get('/health/ready');
      expect(degraded.status).toBe(200);
      expect(await degraded.json()).toEqual({ status: 'degraded', checks: { kafka: 'degraded' } });
      health.add('postgres', () => Promise.reject(new Error('away')));
      expect((await get('/health/ready')).status).toBe(503);
      health.add('postgres', () => 'up');
      expect((await get('/health/ready')).status).toBe(200);
    });

    it('shows metrics by route pattern', async () => {
      await post('/webhooks/one', 'x');
      const page = await (await get('/metrics')).text();
      expect(page).toContain('route="/webhooks/:account"');
      expect(page).toContain('process_cpu_user_seconds_total');
    });

    it('describes itself', async () => {
      const document = (await (await get('/docs-json')).json()) as {
        paths: Record<string, { post?: { responses: Record<string, unknown> } }>;
      };
      expect(document.paths['/orders']?.post?.responses).toHaveProperty('default');
      const page = await get('/docs');
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('swagger-ui');
      expect((await get('/docs/swagger-ui-bundle.js')).status).toBe(200);
    });
  });
});

describe('stop', () => {
  it('is not ready, drains, cuts what does not end, then stops the parts in order', async () => {
    const health = new Health();
    const order: string[] = [];
    const step = (name: string) => ({ name, run: () => void order.push(name) });
    const failing = { name: 'broken', run: () => Promise.reject(new Error('no')) };
    const service = await start(health, {
      onShutdown: () => [step('flush'), failing, step('pool')],
    });
    const stream = await fetch(`${service.url}/stream`);
    const deaf = await fetch(`${service.url}/deaf`);
    const cut = deaf.text().catch(() => 'cut');

    const first = service.stop();
    expect(await stream.text()).toContain('hello'); // Ended by `health.stopping`, not cut.
    expect(await first).toBe(false);
    expect(await service.stop()).toBe(false);
    expect(await cut).toBe('cut');
    expect(order).toEqual(['flush', 'pool']);
    expect((await health.report()).status).toBe('stopping');
    await expect(fetch(`${service.url}/greeting`)).rejects.toThrow();
  });
});
