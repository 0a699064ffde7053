import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A database behind a wire that can be cut. */
export interface Breakable {
  readonly url: (of: string) => string;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export async function breakable(databaseUrl: string): Promise<Breakable> {
  const { hostname, port } = new URL(databaseUrl);
  const open = new Set<Socket>();
  let server: Server;
  const listen = (on: number) =>
    new Promise<number>((resolve) => {
      server = createServer((near) => {
        const far = connect(Number(port), hostname);
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const) {
          open.add(from);
          from.on('error', () => undefined); // Cut.
          from.on('close', () => {
            open.delete(from);
            to.destroy();
          });
          from.pipe(to);
        }
      }).listen(on, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  const own = await listen(0);
  return {
    url: (of) => Object.assign(new URL(of), { host: `127.0.0.1:${own}` }).href,
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
    mend: async () => void (await listen(own)),
  };
}
