import 'reflect-metadata';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { Controller, Get, Module } from '@nestjs/common';
import { createLogger } from '@paylog/observability';
import { SignJWT } from 'jose';
import { Health } from '../service/health.js';
import { startService } from '../service/run-service.js';
import type { RunningService } from '../service/run-service.js';
import { AllowReadToken, Caller, Public, RequireScopes } from './access-guard.js';
import type { AccessOptions, CallerIdentity } from './access-guard.js';
import { ApiKeys } from './api-keys.js';
import { ReadTokenSigner, ReadTokenVerifier } from './read-token.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const keys = ApiKeys.parse([
  { id: 'shop', sha256: sha256('shop-key'), storefront: 'shop', scopes: ['payments:read'] },
  { id: 'ops', sha256: sha256('ops-key'), storefront: '*', scopes: ['operations'] },
]);

function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey,
  };
}

describe('ApiKeys', () => {
  it('finds whose key it is', () => {
    expect(keys.find('shop-key')).toMatchObject({ id: 'shop', storefront: 'shop' });
    expect(keys.find('shop-key ')).toBeUndefined();
    expect(keys.find('')).toBeUndefined();
  });

  it('no longer knows a key from its end on, by date or by revocation', () => {
    const at = (time: string) => Date.parse(time);
    const one = { id: 'a', sha256: sha256('a'), storefront: 'shop', scopes: [] };
    const two = { ...one, id: 'b', sha256: sha256('b') };
    const ending = ApiKeys.parse([
      { ...one, expiresAt: '2026-01-02T00:00:00Z' },
      { ...two, expiresAt: '2026-01-02T00:00:00Z', revokedAt: '2026-01-01T00:00:00Z' },
    ]);
    expect(ending.find('a', at('2026-01-01T23:59:59Z'))).toBeDefined();
    expect(ending.find('a', at('2026-01-02T00:00:00Z'))).toBeUndefined();
    expect(ending.find('b', at('2026-01-01T00:00:00Z'))).toBeUndefined();
  });

  it('lists every fault of the file', () => {
    const good = { id: 'a', sha256: sha256('a'), storefront: 'shop', scopes: [] };
    const content = [good, good, { ...good, sha256: 'XX' }, { ...good, scopes: 'all' }, null];
    expect(() => ApiKeys.parse(content)).toThrow(
      /\[2] sha256[^]*\[3] scopes[^]*\[4][^]*id "a" is there twice/,
    );
    expect(() => ApiKeys.parse({})).toThrow('array');
  });
});

describe('read tokens', () => {
  const { privatePem, publicPem, privateKey } = keyPair();
  const now = new Date('2026-01-01T00:00:00Z');
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1_000);

  it('holds pid and exp, nothing else, and ends', async () => {
    const token = await new ReadTokenSigner(privatePem, 60).sign('pay1', now);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toEqual({ pid: 'pay1', exp: now.getTime() / 1_000 + 60 });
    const verifier = new ReadTokenVerifier(publicPem);
    expect(await verifier.verify(token, later(59))).toEqual({
      paymentId: 'pay1',
      expiresAt: later(60),
    });
    expect(await verifier.verify(token, later(61))).toBeUndefined();
  });

  it('works while keys rotate, and with a PEM whose line ends were escaped', async () => {
    const other = keyPair();
    const token = await new ReadTokenSigner(privatePem.replaceAll('\n', '\\n')).sign('pay1');
    expect(await new ReadTokenVerifier(other.publicPem, publicPem).verify(token)).toBeDefined();
    expect(await new ReadTokenVerifier(other.publicPem).verify(token)).toBeUndefined();
  });

  it('refuses other algorithms, missing claims and garbage', async () => {
    const verifier = new ReadTokenVerifier(publicPem);
    const forged = new SignJWT({ pid: 'pay1', exp: 9e9 }).setProtectedHeader({ alg: 'HS256' });
    expect(await verifier.verify(await forged.sign(Buffer.from(publicPem)))).toBeUndefined();
    const endless = new SignJWT({ pid: 'pay1' }).setProtectedHeader({ alg: 'EdDSA' });
    expect(await verifier.verify(await endless.sign(privateKey))).toBeUndefined();
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`;
    for (const token of [none, '', 'a.b.c']) {
      expect(await verifier.verify(token)).toBeUndefined();
    }
  });

  it('wants an ed25519 key', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const pem = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => new ReadTokenSigner(pem)).toThrow('ed25519');
  });
});

@Controller('payments')
class Payments {
  @Get(':id')
  @RequireScopes('payments:read')
  @AllowReadToken('id')
  read(@Caller() caller: CallerIdentity) {
    return caller;
  }

  @Get()
  list(@Caller() caller: CallerIdentity) {
    return caller;
  }
}

@Controller('open')
class Open {
  @Get()
  @Public()
  read() {
    return 'open';
  }
}

@Module({ controllers: [Payments, Open] })
class AppModule {}

describe('the guard', () => {
  const { privatePem, publicPem } = keyPair();
  const signer = new ReadTokenSigner(privatePem);
  const services: RunningService[] = [];
  const start = async (access?: AccessOptions) => {
    const service = await startService({
      name: 'spec',
      module: AppModule,
      port: 0,
      host: '127.0.0.1',
      health: new Health(),
      logger: createLogger('spec', { level: 'silent' }),
      ...(access === undefined ? {} : { access }),
    });
    services.push(service);
    return (path: string, bearer?: string) =>
      fetch(`${service.url}${path}`, {
        headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      });
  };
  let get: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    get = await start({ keys, readTokens: new ReadTokenVerifier(publicPem) });
  });
  afterAll(() => Promise.all(services.map((service) => service.stop())));

  it('lets an API key with the scope in, and says who it is', async () => {
    const answer = await get('/payments/pay1', 'shop-key');
    expect(await answer.json()).toMatchObject({ kind: 'api_key', id: 'shop', storefront: 'shop' });
  });

  it.each([
    ['no key', '/payments/pay1', undefined, 401],
    ['an unknown key', '/payments/pay1', 'guess', 401],
    ['a key without the scope', '/payments/pay1', 'ops-key', 403],
    ['no key on a handler that names nothing', '/payments', undefined, 401],
  ])('refuses %s', async (_name, path, key, status) => {
    const answer = await get(path, key);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('takes a read token for its own payment only, as header or query', async () => {
    const token = await signer.sign('pay1');
    const seen = { kind: 'read_token', paymentId: 'pay1' };
    expect(await (await get('/payments/pay1', token)).json()).toEqual(seen);
    expect(await (await get(`/payments/pay1?token=${token}`)).json()).toEqual(seen);
    expect((await get('/payments/pay2', token)).status).toBe(403);
    expect((await get('/payments', token)).status).toBe(401);
    expect((await get(`/payments?token=${token}`)).status).toBe(401);
    expect((await get('/payments/pay1?token=x')).status).toBe(401);
  });

  it('answers 429 to a flood with one key', async () => {
    const slow = await start({ keys, requestsPerSecond: 0.5 });
    expect((await slow('/payments', 'shop-key')).status).toBe(200);
    const refused = await slow('/payments', 'shop-key');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect((await slow('/payments', 'ops-key')).status).toBe(200);
  });

  it('leaves public routes, health and docs open', async () => {
    for (const path of ['/open', '/health/ready', '/metrics', '/docs-json']) {
      expect((await get(path)).status).toBe(200);
    }
  });

  it('refuses everybody where a handler wants a caller but no keys are configured', async () => {
    const unguarded = await start();
    expect((await unguarded('/payments/pay1', 'shop-key')).status).toBe(401);
    expect((await unguarded('/open')).status).toBe(200);
  });
});
