// The load generator, a process of its own: 64 connections, each with one request under way, written from a buffer that
// was made beforehand. A general HTTP client costs more a request than the servers it would measure here.
import { connect, type Socket } from 'node:net';
import { latencies, type Latency } from './latency.js';
import { type Deliveries, type Requests, signedRequests } from './webhooks.js';

export interface LoadOrder extends Deliveries {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  /** Answers with status 200. */
  readonly acked: number;
  /** Answers with another status, and requests whose connection broke. */
  readonly failed: number;
  readonly seconds: number;
  readonly latencyMs: Latency;
  /** Of this process, while it sent. */
  readonly cpuMicros: number;
}

process.on('message', (order: LoadOrder) => {
  const requests = signedRequests(order);
  void new Load(order, requests).run().then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());

class Load {
  readonly #took: Float64Array;
  #next = 0;
  #acked = 0;
  #failed = 0;

  constructor(
    private readonly order: LoadOrder,
    private readonly requests: Requests,
  ) {
    this.#took = new Float64Array(order.count);
  }

  async run(): Promise<LoadResult> {
    const { connections, seconds, port } = this.order;
    const sockets = await Promise.all(Array.from({ length: connections }, () => opened(port)));
    const cpu = process.cpuUsage();
    const started = performance.now();
    const until = started + seconds * 1_000;
    await Promise.all(sockets.map((socket) => this.#drive(socket, until)));
    const lasted = (performance.now() - started) / 1_000;
    const used = process.cpuUsage(cpu);
    for (const socket of sockets) socket.destroy();
    return {
      acked: this.#acked,
      failed: this.#failed,
      seconds: lasted,
      latencyMs: latencies(this.#took.subarray(0, this.#acked)),
      cpuMicros: used.user + used.system,
    };
  }

  /** One request after the other, until the time is over or nothing is left. */
  #drive(socket: Socket, until: number): Promise<void> {
    return new Promise((resolve) => {
      const answer = new AnswerReader();
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        if (sentAt >= until || this.#next >= this.order.count) return resolve();
        const i = this.#next++;
        const { bytes, starts } = this.requests;
        socket.write(bytes.subarray(starts[i], starts[i + 1]));
      };
      const broken = (): void => {
        this.#failed += 1;
        resolve();
      };
      socket.on('data', (chunk) => {
        const status = answer.take(chunk);
        if (status === undefined) return;
        if (status === 200) this.#took[this.#acked++] = performance.now() - sentAt;
        else this.#failed += 1;
        send();
      });
      socket.once('close', broken);
      socket.once('error', broken);
      send();
    });
  }
}

/** Just enough of HTTP: a status line, a content-length, that many bytes. */
class AnswerReader {
  #text = '';

  /** The status, when the answer is whole. */
  take(chunk: Buffer): number | undefined {
    this.#text += chunk.toString('latin1');
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text)?.[1];
    if (length === undefined) throw new Error(`an answer without a length: ${this.#text}`);
    if (this.#text.length < end + 4 + Number(length)) return undefined;
    const status = Number(this.#text.slice(9, 12));
    this.#text = '';
    return status;
  }
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
