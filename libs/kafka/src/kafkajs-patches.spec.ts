import { createRequire } from 'node:module';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import kafkajs from 'kafkajs';
import { patchKafkajs } from './kafkajs-patches.js';

const inside = createRequire(__filename);
const SILENT = { info() {}, error() {}, warn() {}, debug() {}, namespace: () => SILENT };

beforeAll(() => patchKafkajs());

describe('a connection on which an answer is overdue', () => {
  let server: Server;
  const sockets: Socket[] = [];
  beforeAll((done) => {
    server = createServer((socket) => void sockets.push(socket.on('error', () => {})));
    server.listen(0, '127.0.0.1', done);
  });
  afterAll((done) => {
    for (const socket of sockets) socket.destroy();
    server.close(done);
  });

  it('is closed, with everything that waits on it, so that another broker is asked', async () => {
    const Connection = inside('kafkajs/src/network/connection') as new (options: object) => {
      connect(): Promise<void>;
      isConnected(): boolean;
      send(request: object): Promise<unknown>;
    };
    const { protocol } = inside('kafkajs/src/protocol/requests/apiVersions') as {
      protocol(options: { version: number }): () => object;
    };
    const connection = new Connection({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      logger: SILENT,
      clientId: 'spec',
      socketFactory: (to: { port: number; host: string; onConnect(): void }) =>
        connect(to.port, to.host, to.onConnect),
      connectionTimeout: 1_000,
      requestTimeout: 200,
      enforceRequestTimeout: true,
    });
    await connection.connect();
    const ask = () => connection.send(protocol({ version: 0 })());
    const answers = await Promise.allSettled([ask(), ask()]);
    const names = answers.map((one) => one.status === 'rejected' && (one.reason as Error).name);
    expect(names).toEqual(['KafkaJSConnectionClosedError', 'KafkaJSConnectionClosedError']);
    expect(connection.isConnected()).toBe(false);
  });
});

describe('a question that no broker answers', () => {
  const { prototype } = inside('kafkajs/src/cluster/brokerPool') as {
    prototype: { withBroker(ask: () => Promise<never>): Promise<unknown> };
  };
  const ask = (error: Error) => {
    const pool = { brokers: { 1: {}, 2: {} }, findBroker: async () => ({}) };
    return prototype.withBroker.call(pool, () => Promise.reject(error));
  };

  it('fails as the connections did, which passes by itself', async () => {
    const lost = new kafkajs.KafkaJSConnectionError('lost');
    await expect(ask(lost)).rejects.toBe(lost);
  });

  it('has no answer where the brokers refuse', async () => {
    expect(await ask(new Error('not authorized'))).toBeNull();
  });
});
