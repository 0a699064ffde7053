import { Agent, createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';
import { ask } from './ask.js';

const post = { method: 'POST', path: '/', headers: {}, body: Buffer.from('{}') };
const urlOf = (server: { address(): unknown }) =>
  new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

describe('asking', () => {
  it('leaves nothing behind on the connection for the next one, whatever the method', async () => {
    const bodies: string[] = [];
    const server: Server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        bodies.push(body);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const method of ['GET', 'TRACE', 'OPTIONS', 'DELETE', 'POST']) {
      const { status } = await ask({ ...post, method }, urlOf(server), agent);
      expect([method, status]).toEqual([method, 200]);
    }
    expect(bodies).toEqual(Array(5).fill('{}'));
    agent.destroy();
    server.close();
  });

  it('takes the blame for a 408 only where it was slow to hand the request over', async () => {
    const late = createTcpServer((socket) => {
      socket.on('data', () => {
        socket.end('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(late, 'listening');
    const agent = new Agent();
    const quick = await ask(post, urlOf(late), agent);
    expect(quick).toEqual({ status: 408, retryAfter: false, lateByUs: false });
    // Our own standstill, between the connection and the first byte.
    const slow = ask(post, urlOf(late), agent);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_200);
    expect(await slow).toEqual({ status: 408, retryAfter: false, lateByUs: true });
    late.close();
  }, 20_000);
});
