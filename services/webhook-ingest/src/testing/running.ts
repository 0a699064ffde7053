import { createHash } from 'node:crypto';
import { type DynamicModule, Module } from '@nestjs/common';
import { GROUPS } from '@paylog/contracts';
import { type EventLog, type Follower, openLanes, startFollower } from '@paylog/event-sourcing';
import type { GatewayAccount } from '@paylog/gateways';
import { ApiKeys, type RunningService, startService } from '@paylog/http';
import {
  mapError,
  NAMED_AFTER,
  openParts,
  PARKED_LOGS,
  ParkedController,
  type ServiceParts,
} from '@paylog/service';
import { createServiceDatabase } from '@paylog/testing';
import { Receiver } from '../ingest/receiver.js';
import { References } from '../ingest/references.js';
import { Rejections } from '../ingest/rejections.js';
import { WebhooksController } from '../ingest/webhooks.controller.js';
import { WEBHOOKS_SOURCE } from '../mapping/map-evidence.js';
import { Mapper } from '../mapping/mapper.js';
import { MIGRATIONS } from '../migrations/index.js';
import { CountsController } from '../query/counts.controller.js';
import { RejectedController } from '../query/rejected.controller.js';
import { Remap } from '../remap/remap.js';
import { RemapController } from '../remap/remap.controller.js';
import { POOL, RECEIVER, REMAP } from '../tokens.js';
import { breakable, type Breakable } from './breakable.js';
import { ACCOUNT, signed } from './stripe.js';

@Module({})
class WithoutKafka {}

/** The service on a real database, without Kafka: its consumer is called by the spec. */
export interface Running {
  readonly wire: Breakable;
  /** Connects as the owner of the tables, past the wire. */
  readonly ownerUrl: string;
  readonly parts: ServiceParts;
  readonly service: RunningService;
  readonly evidence: EventLog;
  readonly facts: EventLog;
  readonly mapper: Mapper;
  readonly references: References;
  /** From now on stored webhooks are mapped. */
  follow(): Promise<Follower>;
  post(body: Buffer, more?: { path?: string; signature?: string | null }): Promise<number>;
  get<T>(path: string): Promise<T>;
  /** As an operator. */
  ask<T>(path: string, body: object): Promise<T>;
  stop(): Promise<void>;
}

export interface RunOptions {
  /** Default: the one account of the specs. */
  readonly accounts?: () => readonly GatewayAccount[];
}

export async function run({ accounts = () => [ACCOUNT] }: RunOptions = {}): Promise<Running> {
  const database = await createServiceDatabase('webhook-ingest');
  const { ownerUrl: databaseOwnerUrl } = database;
  const wire = await breakable(database.url);
  const databaseUrl = wire.url(database.serviceUrl);
  const config = { instance: 'spec-1', databaseUrl, databaseOwnerUrl, brokers: ['127.0.0.1:1'] };
  const parts = await openParts({ name: 'webhook-ingest', config, migrations: MIGRATIONS });
  const { pool, logger, health } = parts;
  await openLanes(pool, 'facts');
  const evidence = await parts.openLog('evidence');
  const facts = await parts.openLog('facts');
  const mapper = new Mapper(pool, facts, 'test', logger);
  const { group } = GROUPS.webhookIngestReferences;
  const references = new References(facts, group, () => mapper.sweep());
  const rejections = new Rejections(pool, logger);
  parts.onStop('rejections', () => rejections.stop());
  const receiver = new Receiver(accounts, evidence, rejections, logger);
  const module: DynamicModule = {
    module: WithoutKafka,
    controllers: [
      WebhooksController,
      CountsController,
      RejectedController,
      RemapController,
      ParkedController,
    ],
    providers: [
      { provide: POOL, useValue: pool },
      { provide: RECEIVER, useValue: receiver },
      { provide: REMAP, useValue: new Remap(pool, facts, mapper) },
      { provide: PARKED_LOGS, useValue: [facts] },
      { provide: NAMED_AFTER, useValue: { source: WEBHOOKS_SOURCE, ms: 60_000 } },
    ],
  };
  const sha256 = createHash('sha256').update('ops-key').digest('hex');
  const key = { id: 'ops', sha256, storefront: '*', scopes: ['operations'] };
  const service = await startService({
    name: 'webhook-ingest',
    module,
    port: 0,
    health,
    logger,
    access: { keys: ApiKeys.parse([key]) },
    mapError,
    onShutdown: () => parts.shutdownSteps(),
  });
  return {
    wire,
    ownerUrl: databaseOwnerUrl,
    parts,
    service,
    evidence,
    facts,
    mapper,
    references,
    async follow() {
      const into: Parameters<typeof startFollower>[0]['into'] = (batch) => mapper.take(batch);
      const follower = await startFollower({ pool, log: evidence, cursor: facts, into, logger });
      parts.onStop('mapper', () => follower.stop());
      return follower;
    },
    async post(body, { path = '/webhooks/stripe/stripe-main', signature = signed(body) } = {}) {
      const headers = signature === null ? {} : { 'stripe-signature': signature };
      const response = await fetch(service.url + path, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'content-type': 'application/json', ...headers },
      });
      await response.arrayBuffer();
      return response.status;
    },
    async get<T>(path: string) {
      const headers = { authorization: 'Bearer ops-key' };
      return (await (await fetch(service.url + path, { headers })).json()) as T;
    },
    async ask<T>(path: string, body: object) {
      const headers = { authorization: 'Bearer ops-key', 'content-type': 'application/json' };
      const request = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await (await fetch(service.url + path, request)).json()) as T;
    },
    async stop() {
      await service.stop();
      await wire.cut();
      await database.drop();
    },
  };
}
