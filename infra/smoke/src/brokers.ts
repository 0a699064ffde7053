import { startNativeKafka } from '@paylog/local';

/** One broker, or three that stand in for each other: what an act needs of them. */
export interface Brokers {
  readonly addresses: string[];
  /** Kill -9 of one, counted from 1 and round and round. Resolves when it is gone. */
  kill(broker: number): Promise<void>;
  start(broker: number): Promise<void>;
  stop(): Promise<void>;
}

/** Native ones, whatever else there is: a container's can't be killed like a process. */
export async function startBrokers(folder: string, count: 1 | 3): Promise<Brokers> {
  if (count === 3) throw new Error('three brokers: not yet');
  const kafka = await startNativeKafka({ folder });
  return {
    addresses: kafka.brokers,
    kill: () => kafka.kill(),
    start: () => kafka.start(),
    stop: () => kafka.stop(),
  };
}
