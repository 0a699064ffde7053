import { type NativeKafkaCluster, startNativeKafka, startNativeKafkaCluster } from '@paylog/local';

/** One broker, or three that stand in for each other: what an act needs of them. */
export interface Brokers {
  readonly addresses: string[];
  /** Where there are three: who leads what. */
  readonly cluster?: NativeKafkaCluster;
  /** Kill -9 of one, counted from 1 and round and round. Resolves when it is gone. */
  kill(broker: number): Promise<void>;
  /** Resolves when it is back, and holds what the others hold: only then may another one go. */
  start(broker: number): Promise<void>;
  stop(): Promise<void>;
}

/** Native ones, whatever else there is: a container's can't be killed like a process. */
export async function startBrokers(folder: string, count: 1 | 3): Promise<Brokers> {
  if (count === 3) return threeBrokers(await startNativeKafkaCluster({ folder, brokers: count }));
  const kafka = await startNativeKafka({ folder });
  return {
    addresses: kafka.brokers,
    kill: () => kafka.kill(),
    start: () => kafka.start(),
    stop: () => kafka.stop(),
  };
}

function threeBrokers(cluster: NativeKafkaCluster): Brokers {
  const node = (broker: number) => {
    const found = cluster.nodes[(broker - 1) % cluster.nodes.length];
    if (found === undefined) throw new Error(`There is no broker ${broker}`);
    return found;
  };
  return {
    addresses: cluster.brokers,
    cluster,
    kill: (broker) => node(broker).kill(),
    start: async (broker) => {
      await node(broker).start();
      await cluster.inSync();
    },
    stop: () => cluster.stop(),
  };
}
