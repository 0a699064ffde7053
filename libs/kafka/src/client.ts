import { Kafka, logLevel, type KafkaConfig, type LogEntry } from 'kafkajs';
import { patchKafkajs } from './kafkajs-patches.js';
import type { Logger } from './logger.js';

export interface KafkaOptions {
  readonly brokers: string[];
  readonly clientId: string;
  /** Where kafkajs's own lines go. Without one only its errors are printed, to stderr. */
  readonly logger?: Logger;
  /** Default: never give up. For tools that would rather hear at once that nobody answers. */
  readonly retry?: NonNullable<KafkaConfig['retry']>;
  readonly ssl?: NonNullable<KafkaConfig['ssl']>;
  readonly sasl?: NonNullable<KafkaConfig['sasl']>;
}

/**
 * kafkajs gives up after five retries and then leaves its group or rejects a connect; ours never gives up by itself,
 * because a broker that answers nobody is no reason to exit. Short, capped pauses bring it back within a second of
 * the broker (measured: 4 s with these, 17 to 22 s with the defaults).
 */
export const PATIENT = { retries: 1_000_000, initialRetryTime: 100, maxRetryTime: 1_000 } as const;

/**
 * kafkajs waits 30 s for an answer. A broker that is frozen (or lost without a word) answers nothing, and its partitions
 * have other leaders within seconds: longer than the 5 s a broker itself may take for a write there is nothing to wait
 * for. Requests that may take longer (joining a group) have their own, longer limit.
 */
const REQUEST_TIMEOUT_MS = 7_000;

/** The one way to make a kafkajs client here. Connects to nothing yet. */
export function createKafka(options: KafkaOptions): Kafka {
  patchKafkajs();
  return new Kafka({
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: 3_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: options.retry ?? PATIENT,
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
    ...(options.logger === undefined
      ? { logLevel: logLevel.ERROR }
      : { logLevel: logLevel.INFO, logCreator: () => quietly(options.logger as Logger) }),
  });
}

const REPEATED_LINE_MS = 10_000;

/**
 * kafkajs logs an error line at each of its retries, several a second in an outage. They are warnings to us (it goes
 * on by itself), and the same one is written once in ten seconds.
 */
function quietly(logger: Logger): (entry: LogEntry) => void {
  const written = new Map<string, number>();
  return ({ level, namespace, log }) => {
    const { message, timestamp, logger: client, ...fields } = log;
    const line = `${namespace}: ${message}`;
    if (level > logLevel.WARN) return logger.debug(fields, line);
    const now = Date.now();
    if (now - (written.get(line) ?? 0) < REPEATED_LINE_MS) return;
    if (written.size > 1_000) written.clear();
    written.set(line, now);
    delete fields['stack'];
    logger.warn(fields, line);
  };
}
