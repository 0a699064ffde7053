import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventLog,
  postgresLog,
  type Relay,
  type RelayOptions,
  startRelay,
} from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import { Health, type ShutdownStep } from '@paylog/http';
import {
  BatchConsumer,
  type CommandedLog,
  createKafka,
  kafkaRelayTarget,
  type MemberStore,
  obeying,
  obeyKept,
  type OperationsCommand,
  parkPoison,
  postgresKeptCommands,
  type PoisonHook,
  postgresMembers,
  startDeadLetterRelay,
  startLoop,
  startOperations,
  startReplay,
} from '@paylog/kafka';
import { createLogger, type Logger } from '@paylog/observability';
import { assertDurableCommits, createDataSource, createPool, migrate } from '@paylog/postgres';
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { PARKING_LIMITS, ParkingAge, type ParkingLimits } from './parking-age.js';
import { type Replay, replayCommands, replayEach } from './replay.js';
import type { BaseConfig } from './settings.js';
import { untilReachable } from './until-reachable.js';

const atMigrate = crossing('service.migrate');
const atCheckCommits = crossing('service.check-commits');

export interface PartsOptions {
  /** As in the topic table: `payment-state`. */
  readonly name: string;
  readonly config: Pick<BaseConfig, 'instance' | 'databaseUrl' | 'databaseOwnerUrl' | 'brokers'> &
    Partial<Pick<BaseConfig, 'parkedAlarmMs' | 'unresolvedAlarmMs'>>;
  readonly migrations: NonNullable<DataSourceOptions['migrations']>;
  /** Connections at most. Default 10. */
  readonly poolMax?: number;
}

export interface ConsumeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Holds the offsets and the parked rows. */
  readonly log: EventLog;
  /** Where lanes are partitions: partition n of every topic is read by one member. */
  readonly coPartitioned?: boolean;
  /** For whom nobody waits: messages gather so long, and are handled in few commits. Default 0. */
  readonly gatherMs?: number;
  /** What becomes of a message that no handler gets past. Default: a parked row in `log`. */
  readonly onPoison?: PoisonHook;
}

const CONNECT_MS = 30_000;
const AGES_EVERY_MS = 15_000;
const KEPT_EVERY_MS = 5_000;
/** So long a relay may wait for the answer to its batch when the service stops; a broker that is away gives none. */
const BATCH_ENDS_MS = 1_000;

/**
 * Migrates the service's database and opens its connections. Waits up to 30 s for Postgres, because a service without
 * its database can do nothing; never for Kafka.
 */
export async function openParts(options: PartsOptions): Promise<ServiceParts> {
  const { name, config, migrations, poolMax = 10 } = options;
  const logger = createLogger(name);
  await migrateWhenReachable(config.databaseOwnerUrl, migrations, logger);
  const pool = createPool(config.databaseUrl, { name: config.instance, max: poolMax, logger });
  await untilReachable(logger, () => atCheckCommits(() => assertDurableCommits(pool)));
  const kafka = createKafka({ brokers: [...config.brokers], clientId: config.instance, logger });
  const limits = {
    poisonMs: config.parkedAlarmMs ?? PARKING_LIMITS.poisonMs,
    unresolvedMs: config.unresolvedAlarmMs ?? PARKING_LIMITS.unresolvedMs,
  };
  return new ServiceParts(name, config.instance, logger, pool, kafka, limits);
}

/** The running parts of a service: each is stopped and probed by the one who started it, here. */
export class ServiceParts {
  readonly health = new Health();
  readonly consumers: BatchConsumer[] = [];
  readonly #members: MemberStore;
  /** Of the logs that park. */
  readonly #parking: string[] = [];
  readonly #stops: ShutdownStep[] = [];
  readonly #relays: (() => Promise<void>)[] = [];
  #obey: ((command: OperationsCommand) => Promise<void>) | undefined;

  constructor(
    readonly name: string,
    readonly instance: string,
    readonly logger: Logger,
    readonly pool: Pool,
    readonly kafka: Kafka,
    private readonly parkingLimits: ParkingLimits = PARKING_LIMITS,
  ) {
    this.#members = postgresMembers(pool);
    this.health.add('postgres', () => pool.query('select 1').then(() => 'up' as const));
  }

  openLog(schema: string): Promise<EventLog> {
    return untilReachable(this.logger, () => postgresLog(this.pool, schema));
  }

  /** Publishes a log to its topic. Lanes open in the background: a service starts without Kafka. */
  async relay(
    schema: string,
    topic: string,
    options: Pick<RelayOptions, 'onReimported'> = {},
  ): Promise<Relay> {
    const { pool, kafka, logger } = this;
    const target = kafkaRelayTarget(kafka, topic, { logger });
    const relay = await untilReachable(logger, () =>
      startRelay({ pool, schema, target, logger, ...options }),
    );
    this.health.add(`relay ${topic}`, () =>
      relay.status().lanes.some(({ state }) => ['failing', 'refused'].includes(state))
        ? 'degraded'
        : 'up',
    );
    this.#relays.push(async () => {
      const stopped = relay.stop();
      await Promise.race([stopped, sleep(BATCH_ENDS_MS, undefined, { ref: false })]);
      await target.close();
      await stopped;
    });
    return relay;
  }

  /** A consumer group; its handlers are `@EventPattern<string>(topic, transportOf(group))` methods. */
  consume(options: ConsumeOptions): BatchConsumer {
    const { group, topics, log, coPartitioned = false, gatherMs = 0 } = options;
    const consumer = new BatchConsumer({
      kafka: this.kafka,
      group,
      instance: this.instance,
      topics,
      offsets: { load: (source, partition) => log.offset(source, partition) },
      onPoison: options.onPoison ?? parkPoison(log, group),
      members: this.#members,
      logger: this.logger,
      coPartitioned,
      gatherMs,
    });
    this.health.add(`consumer ${group}`, consumer.probe);
    this.consumers.push(consumer);
    return consumer;
  }

  /** Copies of parked poison to the dead-letter topics, and ready rows back through `replay`; commands are obeyed. */
  parking(log: EventLog, replay: Replay): void {
    const { pool, kafka, logger } = this;
    const letters = startDeadLetterRelay({ log, pool, kafka, logger });
    const commands = replayCommands(log, async (command) => {
      if (!this.#obey) throw new Error(`${this.name} obeys no commands: discard the row`);
      await this.#obey(command);
    });
    const handle = replayEach({ [`${this.name}.operations`]: commands }, replay);
    const replays = startReplay({ log, pool, handle, logger });
    this.#parking.push(log.schema);
    this.#watchAge(log);
    this.onStop('dead letters', () => letters.stop());
    this.onStop('replay', () => replays.stop());
  }

  #watchAge(log: EventLog): void {
    const age = new ParkingAge(log, this.parkingLimits);
    const looking = startLoop(AGES_EVERY_MS, this.logger, 'ages not read', async () => {
      await age.look();
      return false;
    });
    this.health.add(`parked in ${log.schema}`, () =>
      age.overdue().length === 0 ? 'up' : 'degraded',
    );
    this.onStop('parking ages', () => looking.stop());
  }

  /**
   * Obeys `operations.commands.v1`: parked rows of these logs, and the service's own commands. What is asked of a row that
   * is not parked yet waits for it. After `parking`.
   */
  operations(
    logs: readonly [CommandedLog, ...CommandedLog[]],
    on?: (command: OperationsCommand) => Promise<void>,
  ): void {
    const { kafka, instance, logger, name: service } = this;
    const kept = postgresKeptCommands(this.pool, this.#parking);
    const commanded = { service, logs, logger, kept, ...(on && { on }) };
    this.#obey = obeying(commanded);
    const reader = startOperations({ kafka, instance, members: this.#members, ...commanded });
    const waiting = startLoop(KEPT_EVERY_MS, logger, 'kept commands not obeyed', async () => {
      return (await obeyKept(commanded)) > 0;
    });
    this.onStop('kept commands', () => waiting.stop());
    this.onStop('operations', () => reader.close());
  }

  /** Runs before what was started earlier is stopped. */
  onStop(name: string, run: () => Promise<unknown>): void {
    this.#stops.unshift({ name, run: async () => void (await run()) });
  }

  /** In the order: consumers leave, then the last started part first, what they wrote is relayed, the pool at the end. */
  shutdownSteps(): readonly ShutdownStep[] {
    // Side by side: each may be in the middle of a batch, and there are five seconds for everything.
    const leave = () => Promise.all(this.consumers.map((consumer) => consumer.close()));
    return [
      { name: 'leave the groups', run: leave },
      ...this.#stops,
      { name: 'relays', run: () => Promise.all(this.#relays.map((stop) => stop())) },
      { name: 'pool', run: () => this.pool.end() },
    ];
  }
}

async function migrateWhenReachable(
  ownerUrl: string,
  migrations: NonNullable<DataSourceOptions['migrations']>,
  logger: Logger,
): Promise<void> {
  const deadline = Date.now() + CONNECT_MS;
  for (;;) {
    const source = createDataSource(ownerUrl, { migrations });
    try {
      const done = await atMigrate(() => migrate(source));
      if (done.length > 0) logger.info({ migrations: done }, 'migrated');
      return;
    } catch (error) {
      if (source.isInitialized) throw error;
      if (Date.now() > deadline) {
        const advice = 'check that it runs and what DATABASE_OWNER_URL says';
        throw new Error(`Postgres did not answer for ${CONNECT_MS / 1_000} s; ${advice}`, {
          cause: error,
        });
      }
      logger.warn({ err: error }, 'Postgres does not answer yet; trying again');
      await sleep(500);
    } finally {
      if (source.isInitialized) await source.destroy();
    }
  }
}
