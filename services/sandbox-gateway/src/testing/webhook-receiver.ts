import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A delivery as it arrived. */
export interface Received {
  readonly body: Buffer;
  readonly signature: string;
  readonly at: string;
}

/** An endpoint that keeps everything, and answers what a test wants. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  answer: (delivery: Received) => number = () => 200;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const delivery = {
          body: Buffer.concat(chunks),
          signature: String(request.headers['stripe-signature']),
          at: new Date().toISOString(),
        };
        const status = this.answer(delivery);
        this.received.push(delivery);
        response.writeHead(status).end();
      });
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhooks/stripe/stripe-main`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
