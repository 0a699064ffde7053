import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKafka, type Logger } from '@paylog/kafka';
import { type Child, startChild } from './child.js';
import { GaveUp, waitFor } from './deadline.js';
import { type Engine, probeEngine } from './docker.js';
import { kafkaJars } from './kafka-jars.js';
import { freePort } from './ports.js';
import { type Source, tailOf } from './postgres.js';

/** A running Apache Kafka. */
export interface RunningKafka {
  readonly brokers: string[];
  readonly source: Source;
  /** Ends it when we started it; somebody else's broker is left alone. */
  stop(): Promise<void>;
}

/** A broker process of our own, which a test may kill. */
export interface NativeKafka extends RunningKafka {
  readonly pid: number;
  /** Kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
}

export interface KafkaOptions {
  /** Addresses of brokers that are already there. */
  given?: string[] | undefined;
  /** Where a native broker keeps data, settings and log. A folder that holds a log is used again. */
  folder: string;
}

const STARTUP_MS = 60_000;

/** Settings of a broker that stands alone on one machine: groups form at once, and a killed one is back in seconds. */
const SETTINGS: Record<string, string | number | boolean> = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'offsets.topic.num.partitions': 8,
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  'auto.create.topics.enable': false,
  'broker.session.timeout.ms': 2000,
  'broker.heartbeat.interval.ms': 300,
  'log.cleaner.dedupe.buffer.size': 8_388_608,
  'message.max.bytes': 8_388_608,
  'num.network.threads': 2,
  'num.io.threads': 4,
};

/** Takes the given brokers, else a container, else Apache Kafka from Maven on this machine's Java. */
export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const { given } = options;
  if (given !== undefined && given.length > 0) {
    await waitFor('the Kafka that was given', () => clusterIdOf(given), { deadlineMs: 10_000 });
    return { brokers: given, source: 'given', stop: async () => {} };
  }
  const engine = await probeEngine();
  if (typeof engine !== 'string') return startInContainer(engine);
  const missing = missingForNative();
  if (missing !== undefined) {
    throw new Error(
      `No Kafka to be had. Give one by TEST_KAFKA_BROKERS (tests) or PAYLOG_KAFKA_BROKERS (host:port,…), ` +
        `or start Docker (${engine}), or install what a native one needs: ${missing}`,
    );
  }
  return startNative(options);
}

/** A native broker of the caller's own, whatever else there is. */
export async function startNativeKafka(options: KafkaOptions): Promise<NativeKafka> {
  const missing = missingForNative();
  if (missing !== undefined) throw new Error(`No native Kafka: ${missing}`);
  return startNative(options);
}

async function startInContainer(engine: Engine): Promise<RunningKafka> {
  const port = await freePort(); // The broker must know its outer address before it starts.
  const environment = {
    ...Object.fromEntries(
      Object.entries(SETTINGS).map(([name, value]) => [
        `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
        String(value),
      ]),
    ),
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${engine.host}:${port}`,
  };
  const container = await engine
    .container('apache/kafka:4.3.0')
    .withEnvironment(environment)
    .withExposedPorts({ container: 9092, host: port })
    .withStartupTimeout(STARTUP_MS * 3)
    .start();
  const brokers = [`${engine.host}:${port}`];
  await waitFor('Kafka in its container', () => clusterIdOf(brokers), { deadlineMs: STARTUP_MS });
  return {
    brokers,
    source: 'docker',
    stop: async () => {
      await container.stop();
    },
  };
}

function missingForNative(): string | undefined {
  const java = outputOf('java', ['-version']);
  if (java === undefined)
    return 'Java 17 or later (on Debian: apt install openjdk-17-jre-headless)';
  const major = Number(/version "(\d+)/.exec(java)?.[1] ?? 0);
  if (major < 17) return `Java 17 or later; this machine's is ${major}`;
  return undefined;
}

/** What a program prints, stderr included; undefined when it is not installed. */
function outputOf(command: string, args: string[]): string | undefined {
  try {
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...args], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

async function startNative({ folder }: KafkaOptions): Promise<NativeKafka> {
  const jars = kafkaJars();
  mkdirSync(folder, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const broker = await prepare(folder, jars);
    let child: Child;
    try {
      child = await launched(broker);
    } catch (error) {
      // Somebody may have taken a port between our look and the broker's: other ports, then.
      if (attempt < 3 && /Address already in use|Socket server failed to bind/.test(String(error)))
        continue;
      throw error;
    }
    return {
      brokers: [broker.address],
      source: 'native',
      get pid() {
        return child.pid;
      },
      stop: async () => {
        await child.stop();
      },
      kill: async () => {
        await child.kill();
      },
      start: async () => {
        child = await launched(broker);
      },
    };
  }
}

interface Broker {
  address: string;
  clusterId: string;
  classPath: string;
  settingsFile: string;
  logFile: string;
}

/** Writes the broker's settings and formats its log folder, when that was not done before. */
async function prepare(folder: string, jars: string): Promise<Broker> {
  const [port, controllerPort] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const data = join(folder, 'kafka');
  const settingsFile = join(folder, 'kafka.properties');
  const settings = {
    ...SETTINGS,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://${address},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${address}`,
    'log.dirs': data,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(settingsFile, lines.join(''));
  const broker = {
    address,
    classPath: join(jars, '*'),
    settingsFile,
    logFile: join(folder, 'kafka.log'),
  };
  const known = clusterIdIn(data);
  if (known !== undefined) return { ...broker, clusterId: known };
  rmSync(data, { recursive: true, force: true });
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settingsFile];
  const child = java(broker, ['-Xmx128m', '-Xshare:auto'], format);
  const exit = await child.exited;
  if (exit.code !== 0) throw new Error(`Kafka could not format ${data}: ${tailOf(broker.logFile)}`);
  return { ...broker, clusterId };
}

function clusterIdIn(data: string): string | undefined {
  const file = join(data, 'meta.properties');
  if (!existsSync(file)) return undefined;
  return /^cluster\.id=(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.trim();
}

function java(
  { classPath, logFile }: Pick<Broker, 'classPath' | 'logFile'>,
  options: string[],
  main: string[],
): Child {
  const args = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.apache.logging.log4j.level=WARN',
    ...options,
    '-cp',
    classPath,
    ...main,
  ];
  return startChild('java', args, { logFile, stopSignal: 'SIGTERM' });
}

async function launched(broker: Broker): Promise<Child> {
  const child = java(broker, ['-Xms128m', '-Xmx320m'], ['kafka.Kafka', broker.settingsFile]);
  try {
    await waitFor('the native Kafka', () => readyOn(child, broker), {
      deadlineMs: STARTUP_MS,
      everyMs: 150,
    });
    return child;
  } catch (error) {
    await child.kill();
    throw new Error(`Kafka did not start: ${(error as Error).message}\n${tailOf(broker.logFile)}`, {
      cause: error,
    });
  }
}

/** Ready only when the broker that answers is ours: a broker that finds its port taken says so only in its log. */
async function readyOn(child: Child, broker: Broker): Promise<true | undefined> {
  if (!child.running()) throw new GaveUp('it ended while starting');
  const clusterId = await clusterIdOf([broker.address]);
  if (clusterId === broker.clusterId) return true;
  throw new GaveUp(`another broker (cluster ${clusterId}) answers on ${broker.address}`);
}

/** Nobody answering yet is what we wait for, not something to write down. */
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Which cluster answers on these addresses. */
export async function clusterIdOf(brokers: string[]): Promise<string> {
  const kafka = createKafka({
    brokers,
    clientId: 'paylog-local',
    logger: SILENT,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).clusterId;
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
