import 'reflect-metadata';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { createLogger } from '@paylog/observability';
import { createAdapter } from './adapter.js';
import { Health } from './health.js';

/** Longer than a request's head may take, and a look at the clock that comes late. */
const STANDSTILL_MS = 5_300;
const WHOLE =
  'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

const logger = createLogger('spec', { level: 'silent' });
const adapter = createAdapter({ health: new Health(), logger, bodyLimitBytes: 1_000 });
const fastify = adapter.getInstance() as FastifyInstance;
fastify.post('/echo', (request) => ({ body: request.body }));

/** Connected, and taken by the server, whose clock for it runs. */
async function connected(): Promise<{ socket: Socket; answer: Promise<string> }> {
  const taken = once(fastify.server, 'connection');
  const socket = connect((fastify.server.address() as AddressInfo).port, '127.0.0.1');
  await Promise.all([taken, once(socket, 'connect')]);
  let text = '';
  const answer = new Promise<string>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes('}')) resolve(text);
    });
    socket.on('close', () => resolve(text));
  });
  return { socket, answer };
}

const standStill = () =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STANDSTILL_MS);

describe('after this process stood still for longer than a request may take', () => {
  beforeAll(() => adapter.listen(0, '127.0.0.1'));
  afterAll(() => adapter.close());

  it('who had sent a request is answered, who was sending comes again, who had not begun is late', async () => {
    const [whole, part, silent] = [await connected(), await connected(), await connected()];
    const standing = new Promise<void>((resolve) => {
      setImmediate(() => {
        whole.socket.write(WHOLE);
        part.socket.write(WHOLE.slice(0, 40));
        standStill();
        resolve();
      });
    });
    await standing;
    expect(await whole.answer).toMatch(/^HTTP\/1.1 200 /);
    expect(await part.answer).toMatch(/^HTTP\/1.1 503 [^]*\r\nretry-after: 1\r\n/);
    expect(await silent.answer).toMatch(/^HTTP\/1.1 408 /);

    // The connection is as good as before, and the next request on it is timed again.
    let next = '';
    whole.socket.on('data', (bytes: Buffer) => (next += bytes.toString()));
    whole.socket.write(WHOLE.slice(0, 40));
    await once(whole.socket, 'close');
    expect(next).toMatch(/^HTTP\/1.1 408 /);
  }, 30_000);
});
