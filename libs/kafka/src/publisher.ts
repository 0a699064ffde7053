import { Partitioners, type Kafka, type Producer, type RecordMetadata } from 'kafkajs';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { KafkaFault, needsPerson, reasonOf } from './fault.js';
import type { Logger } from './logger.js';
import { backoffMs, pause, within } from './pause.js';

declareFailpoints(['kafka.publish.before', 'kafka.publish.after']);

/** A message with its partition chosen by us: kafkajs's partitioner is never asked. */
export interface OutgoingMessage {
  readonly partition: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Publisher {
  /**
   * Resolves when every partition has acknowledged, with the offset after the last message by partition. Repeats
   * the whole call until then, so a message may be stored twice, never lost, and order per partition stays. Rejects
   * only when a person must help (not authorized, too large, closed).
   */
  publish(topic: string, messages: readonly OutgoingMessage[]): Promise<Map<number, bigint>>;
  /** Ends the calls still waiting with a transient fault. */
  close(): Promise<void>;
}

interface Call {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
  resolve(next: Map<number, bigint>): void;
  reject(error: unknown): void;
}

const BROKER_TIMEOUT_MS = 5_000;
const CLOSE_WITHIN_MS = 2_000;

/**
 * One producer, one send in flight. kafkajs's own produce retries lose acknowledged messages when a partition leader
 * moves (tulios/kafkajs#1303), and its idempotent producer loses a message when a response is lost, so both are off
 * and the loop is ours. Calls that arrive while a send is in flight share the next one.
 */
export function createPublisher(kafka: Kafka, logger?: Logger): Publisher {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 0 },
  });
  const closing = new AbortController();
  const waiting: Call[] = [];
  let running: Promise<void> | undefined;

  const run = async () => {
    for (let group = takeCompatible(waiting); group.length > 0; group = takeCompatible(waiting)) {
      await sendUntilAnswered(producer, group, closing.signal, logger);
    }
    running = undefined;
  };

  return {
    publish(topic, messages) {
      return new Promise((resolve, reject) => {
        if (closing.signal.aborted) return reject(closed());
        if (messages.length === 0) return resolve(new Map());
        waiting.push({ topic, messages, resolve, reject });
        running ??= Promise.resolve().then(run);
      });
    },
    async close() {
      closing.abort();
      for (const call of waiting.splice(0)) call.reject(closed());
      await within(
        CLOSE_WITHIN_MS,
        (running ?? Promise.resolve()).then(() => producer.disconnect()),
        undefined,
      );
    },
  };
}

const closed = () =>
  new KafkaFault(
    'publisher_closed',
    'publish',
    true,
    'the publisher was closed before Kafka answered',
  );

/**
 * Takes the calls that can share one send. Two calls for one partition can't: their messages would become one record
 * batch, which may exceed the broker's limit although each of them doesn't.
 */
function takeCompatible(waiting: Call[]): Call[] {
  const taken: Call[] = [];
  const claimed = new Set<string>();
  for (const call of [...waiting]) {
    const places = new Set(call.messages.map(({ partition }) => `${call.topic}/${partition}`));
    // Claimed even when the call stays behind: a later call must not overtake it in a partition.
    if ([...places].every((place) => !claimed.has(place))) {
      taken.push(call);
      waiting.splice(waiting.indexOf(call), 1);
    }
    for (const place of places) claimed.add(place);
  }
  return taken;
}

async function sendUntilAnswered(
  producer: Producer,
  calls: readonly Call[],
  closing: AbortSignal,
  logger: Logger | undefined,
): Promise<void> {
  const abandon = () => calls.forEach((call) => call.reject(closed()));
  for (let attempt = 1; ; attempt += 1) {
    if (closing.aborted) return abandon();
    try {
      const next = await sendOnce(producer, calls, closing);
      if (next === 'closed') return abandon();
      calls.forEach((call, index) => call.resolve(next[index] as Map<number, bigint>));
      return;
    } catch (error) {
      if (needsPerson(error)) return settleAlone(producer, calls, error, closing, logger);
      logger?.warn(
        { topics: [...new Set(calls.map(({ topic }) => topic))], attempt, error: reasonOf(error) },
        'Kafka did not acknowledge; the whole batch is sent again',
      );
      await pause(Math.min(backoffMs(attempt), 1_000), closing);
    }
  }
}

/** One call's fault must not fail its neighbours, so each is tried by itself before anyone is told. */
async function settleAlone(
  producer: Producer,
  calls: readonly Call[],
  error: unknown,
  closing: AbortSignal,
  logger: Logger | undefined,
): Promise<void> {
  const [only] = calls;
  if (calls.length === 1 && only !== undefined) {
    const why = `Kafka refuses messages for ${only.topic}: ${reasonOf(error)}. Repeating can't help: mend the rights or the message`;
    return only.reject(new KafkaFault('publish_refused', 'publish', false, why, { cause: error }));
  }
  for (const call of calls) await sendUntilAnswered(producer, [call], closing, logger);
}

async function sendOnce(
  producer: Producer,
  calls: readonly Call[],
  closing: AbortSignal,
): Promise<Map<number, bigint>[] | 'closed'> {
  await failpoint('kafka.publish.before');
  const attempt = (async () => {
    await producer.connect(); // Does nothing when connected.
    return producer.sendBatch({
      acks: -1,
      timeout: BROKER_TIMEOUT_MS,
      topicMessages: calls.map(({ topic, messages }) => ({
        topic,
        messages: messages.map((message) => ({ ...message, headers: { ...message.headers } })),
      })),
    });
  })();
  // A send that waits for an absent broker stays pending even after disconnect().
  const answers = await unlessAborted(attempt, closing);
  if (answers === 'closed') {
    attempt.catch(() => undefined);
    return 'closed';
  }
  await failpoint('kafka.publish.after');
  return calls.map((call) => nextOffsets(call, answers));
}

/** Believes only an answer that names every partition: kafkajs may resolve a send without one (see above). */
function nextOffsets(call: Call, answers: readonly RecordMetadata[]): Map<number, bigint> {
  const counts = new Map<number, number>();
  for (const { partition } of call.messages) {
    counts.set(partition, (counts.get(partition) ?? 0) + 1);
  }
  const next = new Map<number, bigint>();
  for (const [partition, count] of counts) {
    const answer = answers.find(
      (one) => one.topicName === call.topic && one.partition === partition && one.errorCode === 0,
    );
    if (answer?.baseOffset === undefined) {
      const why = `${call.topic}/${partition} was not acknowledged`;
      throw new KafkaFault('not_acknowledged', 'publish', true, why);
    }
    next.set(partition, BigInt(answer.baseOffset) + BigInt(count));
  }
  return next;
}

/** The promise's value, or `closed` when the signal fires first. A signal lives long: no listener stays behind. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'closed'> {
  let forget = () => {};
  const aborted = new Promise<'closed'>((resolve) => {
    const listener = () => resolve('closed');
    if (signal.aborted) return listener();
    signal.addEventListener('abort', listener, { once: true });
    forget = () => signal.removeEventListener('abort', listener);
  });
  return Promise.race([promise, aborted]).finally(forget);
}
