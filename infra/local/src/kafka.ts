import { join } from 'node:path';
import type { Child } from './child.js';
import { waitFor } from './deadline.js';
import { type Engine, probeEngine } from './docker.js';
import { clusterIdOf } from './kafka-admin.js';
import { kafkaJars } from './kafka-jars.js';
import {
  BROKER_SETTINGS,
  clusterIdIn,
  launchBroker,
  missingForNative,
  newClusterId,
  portWasTaken,
  prepareBroker,
  replicated,
  type Settings,
  STARTUP_MS,
} from './native-broker.js';
import { freePort } from './ports.js';
import type { Source } from './postgres.js';

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

const NAME = 'kafka';
const NODE_ID = 1;
/** A broker alone can keep everything only once. */
const ALONE: Settings = replicated(1, 1);

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
      Object.entries({ ...BROKER_SETTINGS, ...ALONE, 'node.id': NODE_ID }).map(([name, value]) => [
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

async function startNative({ folder }: KafkaOptions): Promise<NativeKafka> {
  const jars = kafkaJars();
  for (let attempt = 1; ; attempt++) {
    const [port, controllerPort] = [await freePort(), await freePort()];
    const broker = await prepareBroker({
      folder,
      name: NAME,
      jars,
      nodeId: NODE_ID,
      address: `127.0.0.1:${port}`,
      quorum: new Map([[NODE_ID, `127.0.0.1:${controllerPort}`]]),
      clusterId: clusterIdIn(join(folder, NAME)) ?? newClusterId(),
      heap: '320m',
      settings: ALONE,
    });
    let child: Child;
    try {
      child = await launchBroker(broker);
    } catch (error) {
      // Somebody may have taken a port between our look and the broker's: other ports, then.
      if (attempt < 3 && portWasTaken(error)) continue;
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
        child = await launchBroker(broker);
      },
    };
  }
}
