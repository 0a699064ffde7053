import { createHash, generateKeyPairSync } from 'node:crypto';
import { type DynamicModule, Module } from '@nestjs/common';
import type { EventLog } from '@paylog/event-sourcing';
import {
  ApiKeys,
  ReadTokenSigner,
  ReadTokenVerifier,
  type RunningService,
  startService,
} from '@paylog/http';
import { mapError, PARKED_LOGS, ParkedController, type ServiceParts } from '@paylog/service';
import { EvidencePackController } from '../query/evidence-pack/evidence-pack.controller.js';
import { EventFeed } from '../query/event-feed.js';
import { PaymentsController } from '../query/payments.controller.js';
import { eventsAfter } from '../query/payments.sql.js';
import { EVENT_FEED, LOG, POOL } from '../tokens.js';
import { createTables } from './tables.js';

/** The service without its consumers: what answers, over the real tables. */
export interface Askable {
  readonly parts: ServiceParts;
  readonly log: EventLog;
  readonly service: RunningService;
  readonly tokens: ReadTokenSigner;
  /** Keys are `shop-key` and `deli-key`, of storefronts of these names, and `ops-key`, an operator's. */
  get(path: string, key: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  stop(): Promise<void>;
}

export async function ask(): Promise<Askable> {
  const { database, parts, log } = await createTables();
  const pem = privatePem();
  const service = await startService({
    name: 'payment-state',
    module: questionsOnly(parts, log),
    port: 0,
    health: parts.health,
    logger: parts.logger,
    access: { keys: KEYS, readTokens: new ReadTokenVerifier(pem) },
    mapError,
    onShutdown: () => parts.shutdownSteps(),
  });
  return {
    parts,
    log,
    service,
    tokens: new ReadTokenSigner(pem),
    get: (path, key, headers = {}) =>
      fetch(service.url + path, { headers: { ...headers, authorization: `Bearer ${key}` } }),
    async stop() {
      await service.stop();
      await database.drop();
    },
  };
}

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
const KEYS = ApiKeys.parse([
  { id: 'shop', sha256: sha256('shop-key'), storefront: 'shop', scopes: ['payments:read'] },
  { id: 'deli', sha256: sha256('deli-key'), storefront: 'deli', scopes: ['payments:read'] },
  { id: 'ops', sha256: sha256('ops-key'), storefront: '*', scopes: ['operations'] },
]);

function privatePem(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

@Module({})
class Questions {}

function questionsOnly({ pool, health, logger }: ServiceParts, log: EventLog): DynamicModule {
  const feed = new EventFeed((after) => eventsAfter(pool, after), log, logger);
  health.stopping.addEventListener('abort', () => void feed.close());
  return {
    module: Questions,
    controllers: [PaymentsController, EvidencePackController, ParkedController],
    providers: [
      { provide: POOL, useValue: pool },
      { provide: LOG, useValue: log },
      { provide: EVENT_FEED, useValue: feed },
      { provide: PARKED_LOGS, useValue: [log] },
    ],
  };
}
