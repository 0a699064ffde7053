import { createRequire } from 'node:module';
import { Kafka, logLevel, type KafkaConfig, type LogEntry } from 'kafkajs';
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

/** The one way to make a kafkajs client here. Connects to nothing yet. */
export function createKafka(options: KafkaOptions): Kafka {
  patchRequestTimer();
  return new Kafka({
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: 3_000,
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

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  readonly throttledUntil: number;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/**
 * kafkajs re-arms a timer of one millisecond for ever, on every connection (tulios/kafkajs#1604, fix never released):
 * 2 to 3 % of a core while idle, and negative-timeout warnings on Node 24. This arms it only when there is something
 * to look at.
 */
function patchRequestTimer(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: RequestQueue;
  };
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.throttleCheckTimeoutId) return;
    const throttledMs = this.throttledUntil - Date.now();
    if (this.pending.length === 0 && throttledMs <= 0) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttledMs > 0 ? throttledMs : 10,
    );
  };
}
