import { mkdirSync } from 'node:fs';
import { type KafkaOptions, type RunningKafka, startKafka } from './kafka.js';
import { type Postgres, startPostgres } from './postgres.js';

/** Kafka and Postgres, ready to be used. */
export interface Stack {
  kafka: RunningKafka;
  postgres: Postgres;
  stop(): Promise<void>;
}

export interface StackOptions {
  folder: string;
  postgresUrl?: string | undefined;
  kafkaBrokers?: KafkaOptions['given'];
  fast?: boolean;
}

/** Starts both, or neither: when one fails, the other is stopped before the error is passed on. */
export async function startStack(options: StackOptions): Promise<Stack> {
  mkdirSync(options.folder, { recursive: true });
  const starting = [
    startKafka({ given: options.kafkaBrokers, folder: options.folder }),
    startPostgres({
      given: options.postgresUrl,
      folder: options.folder,
      fast: options.fast ?? false,
    }),
  ] as const;
  const [kafka, postgres] = await Promise.allSettled(starting);
  if (kafka.status === 'fulfilled' && postgres.status === 'fulfilled') {
    return {
      kafka: kafka.value,
      postgres: postgres.value,
      stop: async () => {
        await Promise.all([kafka.value.stop(), postgres.value.stop()]);
      },
    };
  }
  for (const started of [kafka, postgres]) {
    if (started.status === 'fulfilled') await started.value.stop();
  }
  throw kafka.status === 'rejected' ? kafka.reason : (postgres as PromiseRejectedResult).reason;
}
