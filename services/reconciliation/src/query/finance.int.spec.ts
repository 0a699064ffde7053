import { createHash } from 'node:crypto';
import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeys, Health, type RunningService, startService } from '@paylog/http';
import {
  FakeGateway,
  importerOf,
  type Service,
  silent,
  startTestService,
} from '../testing/database.js';
import { changesOf, sold } from '../testing/payments.js';
import { captureLine, CUT_OFF, statementOf } from '../testing/reports.js';
import { POOL } from '../tokens.js';
import { DaysController } from './days.controller.js';
import { ExceptionsController } from './exceptions.controller.js';
import { LedgerController } from './ledger.controller.js';
import { StatementsController } from './statements.controller.js';

@Module({})
class QueryModule {}

const key = (id: string, storefront: string, scopes: string[]) => ({
  id,
  storefront,
  scopes,
  sha256: createHash('sha256').update(id).digest('hex'),
});

const LINES = [captureLine('o1', 1_000), captureLine('o1', 1_000), captureLine('o2', 2_000)];
const STATEMENT = statementOf(LINES);

let service: Service;
let http: RunningService;
beforeAll(async () => {
  service = await startTestService();
  for (const [order, minor] of [
    ['o1', 1_000],
    ['o2', 2_000],
  ] as const) {
    await service.tell(...changesOf(order, sold({ order, minor })));
  }
  const gateway = new FakeGateway();
  gateway.pays(STATEMENT, LINES);
  await importerOf(service, gateway).round();
  const module: DynamicModule = {
    module: QueryModule,
    controllers: [StatementsController, ExceptionsController, LedgerController, DaysController],
    providers: [{ provide: POOL, useValue: service.pool }],
  };
  const keys = ApiKeys.parse([
    key('finance', '*', ['finance:read']),
    key('shop', 'shop', ['finance:read']),
    key('support', '*', ['payments:read']),
  ]);
  const health = new Health();
  const logger = silent();
  http = await startService({ name: 'spec', module, port: 0, health, logger, access: { keys } });
});
afterAll(async () => {
  await http.stop();
  await service.drop();
});

async function get(path: string, as = 'finance') {
  const headers = { authorization: `Bearer ${as}` };
  const response = await fetch(`${http.url}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('what finance asks', () => {
  it('balances: by account and currency, the sum over all lines, and how many entries', async () => {
    const { status, body } = await get('/v1/ledger/balances');
    expect(status).toBe(200);
    expect(body['imbalance']).toEqual({ EUR: '0' });
    // Two captures, three lines, one payout.
    expect(body['entries']).toBe(6);
    expect(body['balances']).toContainEqual({
      account: 'payable:shop',
      currency: 'EUR',
      balance: '-3000',
    });
  });

  it('statements: a list, one with its lines and signature, and those of a day', async () => {
    const list = await get('/v1/statements?status=closed&account=stripe-main');
    expect(list.body['statements']).toMatchObject([
      { statementId: STATEMENT.statementId, statement: 'po_1', exceptions: 1 },
    ]);
    const one = await get(`/v1/statements/${STATEMENT.statementId}`);
    expect(one.body).toMatchObject({
      status: 'closed',
      summary: { lines: 3, matched: 2, exceptions: 1 },
      lines: [{ verdict: 'matched' }, { verdict: 'duplicate_external', match: null }, {}],
      exceptions: [{ class: 'duplicate_external', gatewayObject: 'ch_o1', status: 'open' }],
      nextAfterLine: null,
    });
    expect(one.body['signature']).toEqual(expect.any(String));
    const day = await get(`/v1/days/${CUT_OFF.slice(0, 10)}`);
    expect(day.body).toMatchObject({ closed: true, statements: [{ statement: 'po_1' }] });
    expect((await get('/v1/days/2026-03-09')).body).toMatchObject({
      closed: false,
      statements: [],
    });
  });

  it('lines in pages', async () => {
    const page = await get(`/v1/statements/${STATEMENT.statementId}?afterLine=1&limit=1`);
    expect(page.body).toMatchObject({ lines: [{ number: 2 }], nextAfterLine: 2 });
  });

  it('exceptions, by class and state, with their age', async () => {
    const { body } = await get('/v1/exceptions?class=duplicate_external&status=open');
    expect(body['exceptions']).toMatchObject([
      { lineNumber: 2, owner: 'finance', ageSeconds: expect.any(Number), resolvedAt: null },
    ]);
    expect((await get('/v1/exceptions?class=fee_variance')).body).toEqual({ exceptions: [] });
  });

  it.each([
    ['/v1/statements/sta', 400],
    [`/v1/statements/sta${'a'.repeat(26)}`, 404],
    ['/v1/statements?status=open', 400],
    ['/v1/exceptions?class=nothing', 400],
    ['/v1/days/2026-02-30', 400],
    ['/v1/days/today', 400],
  ])('%s is answered with %i', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });

  it('is for keys of all storefronts with the scope finance:read', async () => {
    for (const path of [
      '/v1/statements',
      '/v1/exceptions',
      '/v1/ledger/balances',
      '/v1/days/2026-03-01',
      `/v1/statements/${STATEMENT.statementId}`,
    ]) {
      expect((await get(path, 'support')).status).toBe(403);
      expect((await get(path, 'shop')).status).toBe(403);
      expect((await get(path, 'nobody')).status).toBe(401);
    }
  });
});
