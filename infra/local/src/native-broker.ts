import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from './child.js';
import { GaveUp, waitFor } from './deadline.js';
import { clusterIdOf } from './kafka-admin.js';
import { tailOf } from './postgres.js';

/** A broker process on this machine's Java, and where it keeps its things. */
export interface Broker {
  readonly address: string;
  readonly clusterId: string;
  readonly classPath: string;
  readonly settingsFile: string;
  readonly logFile: string;
  readonly heap: string;
}

export interface BrokerPlan {
  /** Holds `<name>/` with the data, `<name>.properties` and `<name>.log`. Data that is there is used again. */
  readonly folder: string;
  readonly name: string;
  readonly jars: string;
  readonly nodeId: number;
  /** host:port for clients. */
  readonly address: string;
  /** host:port of the controller of each node of the quorum, this one included. */
  readonly quorum: ReadonlyMap<number, string>;
  /** Of its data, when it has some. */
  readonly clusterId: string;
  /** Java's, e.g. `320m`. */
  readonly heap: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

export type Settings = BrokerPlan['settings'];

/** A busy machine needs many times the five seconds of a quiet one. */
export const STARTUP_MS = 120_000;

/** Settings of a broker that is a controller as well: groups form at once, and a killed one is back in seconds. */
export const BROKER_SETTINGS: Settings = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'offsets.topic.num.partitions': 8,
  'transaction.state.log.num.partitions': 4,
  'group.initial.rebalance.delay.ms': 0,
  'auto.create.topics.enable': false,
  'broker.session.timeout.ms': 2000,
  'broker.heartbeat.interval.ms': 300,
  'log.cleaner.dedupe.buffer.size': 8_388_608,
  'message.max.bytes': 8_388_608,
  'num.network.threads': 2,
  'num.io.threads': 4,
};

/** How often each of the broker's own topics is kept. */
export function replicated(factor: number, minInSync: number): Settings {
  return {
    'offsets.topic.replication.factor': factor,
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': minInSync,
  };
}

/** What this machine lacks for a native broker. */
export function missingForNative(): string | undefined {
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

export function newClusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'A');
}

/** Did a broker fail because somebody took its port between our look and its own? */
export function portWasTaken(error: unknown): boolean {
  return /Address already in use|Socket server failed to bind/.test(String(error));
}

/** Writes the broker's settings and formats its log folder, when that was not done before. */
export async function prepareBroker(plan: BrokerPlan): Promise<Broker> {
  const { folder, name, nodeId, address, quorum } = plan;
  mkdirSync(folder, { recursive: true });
  const data = join(folder, name);
  const settingsFile = join(folder, `${name}.properties`);
  const settings: Settings = {
    ...BROKER_SETTINGS,
    ...plan.settings,
    'node.id': nodeId,
    'controller.quorum.voters': [...quorum].map(([id, at]) => `${id}@${at}`).join(','),
    listeners: `PLAINTEXT://${address},CONTROLLER://${quorum.get(nodeId)}`,
    'advertised.listeners': `PLAINTEXT://${address}`,
    'log.dirs': data,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(settingsFile, lines.join(''));
  const broker = {
    address,
    classPath: join(plan.jars, '*'),
    settingsFile,
    logFile: join(folder, `${name}.log`),
    heap: plan.heap,
  };
  const { clusterId } = plan;
  if (clusterIdIn(data) !== undefined) return { ...broker, clusterId };
  rmSync(data, { recursive: true, force: true });
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settingsFile];
  const exit = await java(broker, ['-Xmx128m', '-Xshare:auto'], format).exited;
  if (exit.code !== 0) throw new Error(`Kafka could not format ${data}: ${tailOf(broker.logFile)}`);
  return { ...broker, clusterId };
}

/** The cluster that data in this folder belongs to. */
export function clusterIdIn(data: string): string | undefined {
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

/** Starts the process and waits until it answers; one that does not is killed. */
export async function launchBroker(broker: Broker): Promise<Child> {
  const heap = ['-Xms64m', `-Xmx${broker.heap}`];
  const child = java(broker, heap, ['kafka.Kafka', broker.settingsFile]);
  try {
    await waitFor('the native Kafka', () => readyOn(child, broker), {
      deadlineMs: STARTUP_MS,
      everyMs: 250,
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
