import { connect, createServer, type Server, type Socket } from 'node:net';

type Cut =
  /** The server gets the call and does it; its answer is dropped and the connection cut. */
  | 'answer'
  /** The server never gets the call; the connection is cut. */
  | 'call'
  /** The server does the call; nothing is answered and nothing is cut. */
  | 'silence';

/** A TCP proxy before Postgres that fails the next call in a chosen way. */
export class Proxy {
  #cut: Cut | undefined;
  /** How many of the next calls are cut. */
  #times = 0;
  /** New connections are refused while true. */
  refusing = false;

  private constructor(
    readonly url: string,
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  static async before(databaseUrl: string): Promise<Proxy> {
    const target = new URL(databaseUrl);
    const sockets = new Set<Socket>();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${address.port}`;
    const proxy = new Proxy(url.href, server, sockets);
    server.on('connection', (client) => proxy.#accept(client, target));
    return proxy;
  }

  cutNext(cut: Cut, times = 1): void {
    this.#cut = cut;
    this.#times = times;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #accept(client: Socket, target: URL): void {
    if (this.refusing) return void client.destroy();
    const server = connect(Number(target.port), target.hostname);
    let cut: Cut | undefined;
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (data) => {
      // Parse ('P') or Bind ('B') begins a call of a prepared statement: not the start-up.
      if (this.#times > 0 && (data[0] === 0x42 || data[0] === 0x50)) {
        this.#times -= 1;
        cut = this.#cut;
      }
      if (cut === 'call') client.destroy();
      else server.write(data);
    });
    server.on('data', (data) => {
      if (cut === 'answer') client.destroy();
      else if (cut === undefined) client.write(data);
    });
  }
}
