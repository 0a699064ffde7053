import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import { crc32c, encodeRecord, type RecordFields } from './record-encoding.js';

/*
 * Mends faults of kafkajs 2.2.4 in place; they live where no option reaches. Not public API: kafkajs is pinned.
 */

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  readonly throttledUntil: number;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

interface Connection {
  readonly host: string;
  readonly port: number;
  send(request: unknown): Promise<unknown>;
  rejectRequests(error: Error): void;
  disconnect(): Promise<unknown>;
}

interface BrokerPool {
  withBroker<T>(ask: (broker: unknown) => Promise<T>): Promise<T | null>;
}

const inside = createRequire(import.meta.url);
let patched = false;

/** Once a process. */
export function patchKafkajs(): void {
  if (patched) return;
  patched = true;
  patchRequestTimer();
  patchSilentConnections();
  patchLostQuestions();
  patchEncoding();
}

/**
 * kafkajs re-arms a timer of one millisecond for ever, on every connection (tulios/kafkajs#1604, fix never released):
 * 2 to 3 % of a core while idle, and negative-timeout warnings on Node 24. This arms it only when there is something
 * to look at.
 */
function patchRequestTimer(): void {
  const { prototype } = inside('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
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

/**
 * A broker that is frozen, or lost without a word, keeps its connection. kafkajs then asks it again and again, for its
 * partitions as for the metadata that would say who leads them now, until it comes back. Like Kafka's own clients we take
 * a connection on which an answer is overdue for closed: what waits on it fails, and others are asked.
 */
function patchSilentConnections(): void {
  const { prototype } = inside('kafkajs/src/network/connection') as { prototype: Connection };
  const { send } = prototype;
  // Missing in kafkajs's types, and the one that it answers by asking another broker.
  const { KafkaJSConnectionClosedError: ConnectionClosedError } = kafkajs as unknown as {
    KafkaJSConnectionClosedError: new (why: string, at: { host: string; port: number }) => Error;
  };
  prototype.send = async function (this: Connection, request: unknown) {
    try {
      return await send.call(this, request);
    } catch (error) {
      if (!(error instanceof kafkajs.KafkaJSRequestTimeoutError)) throw error;
      const closed = new ConnectionClosedError(error.message, this);
      this.rejectRequests(closed);
      await this.disconnect();
      throw closed;
    }
  };
}

/**
 * A question that any broker may answer, and none does: kafkajs forgets why, and takes a group without a coordinator for a
 * reason to end for good. That is right where Kafka says so, as to somebody without the right to the group. Connections
 * that were lost meanwhile pass by themselves.
 */
function patchLostQuestions(): void {
  const { prototype } = inside('kafkajs/src/cluster/brokerPool') as { prototype: BrokerPool };
  const { withBroker } = prototype;
  prototype.withBroker = async function <T>(
    this: BrokerPool,
    ask: (broker: unknown) => Promise<T>,
  ): Promise<T | null> {
    let lost: Error | undefined;
    const noting = async (broker: unknown): Promise<T> => {
      try {
        return await ask(broker);
      } catch (error) {
        if (error instanceof kafkajs.KafkaJSConnectionError) lost = error;
        throw error;
      }
    };
    const answer = (await withBroker.call(this, noting)) as T | null;
    if (answer === null && lost !== undefined) throw lost;
    return answer;
  };
}

interface Encoder {
  buf: Buffer;
  offset: number;
  ensureAvailable(length: number): void;
}

/**
 * What a producer sends is written by ours: records (see record-encoding.ts), their checksum, and room that is not
 * filled with zeros before it is filled with bytes. kafkajs asks for both modules when it produces for the first time.
 */
function patchEncoding(): void {
  const records = 'kafkajs/src/protocol/recordBatch/record/v0';
  const stock = inside(records) as (record: RecordFields) => unknown;
  replace(records, (record: RecordFields) => encodeRecord(record) ?? stock(record));
  replace('kafkajs/src/protocol/recordBatch/crc32C', crc32c);

  const { prototype } = inside('kafkajs/src/protocol/encoder') as { prototype: Encoder };
  prototype.ensureAvailable = function (this: Encoder, length: number) {
    const needed = this.offset + length;
    if (needed <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(2 ** Math.ceil(Math.log2(needed + 1)));
    this.buf.copy(larger, 0, 0, this.offset);
    this.buf = larger;
  };
}

/** For whoever asks for the module from now on. */
function replace(name: string, exported: unknown): void {
  inside(name);
  const loaded = inside.cache[inside.resolve(name)];
  if (loaded) loaded.exports = exported;
}
