import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { encode, OPERATIONS_COMMANDS, partitionOf } from '@paylog/contracts';
import { createKafka, createPublisher, type Publisher } from '@paylog/kafka';
import { ACCOUNT, STATEFUL_SERVICES, type StatefulService, waitFor } from '@paylog/local';
import { type Answer, ask } from '../load/insist.js';
import { type Attempt, paymentOf, Storefront } from '../load/storefront.js';
import type { World } from '../world.js';

const ASK_EVERY_MS = 1_500;
const PAY_OUT_EVERY_MS = 4_000;
const POISON_EVERY_MS = 4_000;
const STREAM_MS = 1_500;
const CLEAN_WITHIN_MS = 60_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
/** Every second report agrees with the books: closing one in which something is missing takes longer. */
const DISCREPANCIES = [[], ['amount'], [], ['missing_with_us'], [], ['duplicate_line']];

/** What is rare in the load. */
const PAYMENT_METHODS = ['pm_card_visa', 'pm_sandbox_rateLimited', 'pm_sandbox_commitThenTimeout'];

type Body = Readonly<Record<string, unknown>>;

/**
 * What the load does not do, so that every boundary is crossed all the time: somebody looks at everything, sends a request
 * twice, forges a webhook; the gateway pays out; an operator's command can't be read, is parked and mended.
 */
export class Extras {
  readonly #ended = new AbortController();
  readonly #shop: Storefront;
  readonly #publisher: Publisher;
  #running = false;
  #loops: Promise<unknown>[] = [];
  #count = 0;

  constructor(private readonly world: World) {
    const { system, load } = world;
    this.#shop = new Storefront(
      {
        intentUrls: system.service('intent').urls,
        stateUrls: system.service('payment-state').urls,
        brokers: system.brokers,
        apiKey: system.apiKey,
      },
      load.acked,
      this.#ended.signal,
    );
    this.#publisher = createPublisher(
      createKafka({ brokers: system.brokers, clientId: 'paylog-crash-matrix', logger: SILENT }),
    );
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#loops = [
      this.#every(ASK_EVERY_MS, () => this.#look()),
      this.#every(ASK_EVERY_MS, () => this.#repeat()),
      this.#every(PAY_OUT_EVERY_MS, () => this.#payOut()),
      this.#every(POISON_EVERY_MS, () => this.#poison()),
    ];
  }

  /** Nothing of it is left when this resolves: what was parked has been mended. */
  async pause(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
    await waitFor('the unreadable commands to be mended', async () => this.#mend(), {
      deadlineMs: CLEAN_WITHIN_MS,
      everyMs: 1_000,
    });
  }

  async end(): Promise<void> {
    this.#running = false;
    this.#ended.abort();
    await Promise.all(this.#loops);
    await this.#shop.close();
    await this.#publisher.close();
  }

  async #every(ms: number, work: () => Promise<unknown>): Promise<void> {
    while (this.#running) {
      // Whoever is asked may just have been killed.
      await work().catch(() => {});
      await sleep(ms);
    }
  }

  /** Everything there is to be seen, at every process. */
  async #look(): Promise<void> {
    const order = this.world.load.acked.orders.at(-1);
    const id = order && order.paymentId;
    const statement = await this.#someStatement();
    const paths: Record<StatefulService, string[]> = {
      intent: [
        '/v1/stuck?limitMs=0',
        '/v1/stuck?unresolved=true',
        ...(id ? [`/v1/payment-intents/${id}`] : []),
      ],
      'webhook-ingest': ['/operations/webhooks', '/operations/webhooks/rejected'],
      'payment-state': id
        ? [
            `/v1/payments/${id}`,
            `/v1/payments/${id}/events`,
            `/v1/payments/${id}/evidence-pack`,
            `/v1/payments?orderId=${order?.orderId}`,
          ]
        : [],
      fulfillment: ['/operations/releases'],
      reconciliation: [
        '/v1/exceptions',
        '/v1/ledger/balances',
        '/v1/statements',
        ...(statement ? [`/v1/statements/${statement}`] : []),
      ],
    };
    const asked = Object.entries(paths).flatMap(([service, all]) =>
      this.#urls(service as StatefulService).flatMap((url) =>
        all.map((path) => this.#ask(url + path)),
      ),
    );
    await Promise.all([...asked, ...(id ? this.#streams(id) : [])]);
  }

  async #someStatement(): Promise<string | undefined> {
    const [url = ''] = this.#urls('reconciliation');
    const { status, body } = await this.#ask(`${url}/v1/statements`);
    if (status !== 200) return undefined;
    return (JSON.parse(body) as { statements: { statementId: string }[] }).statements[0]
      ?.statementId;
  }

  /** As a waiting screen does. */
  #streams(id: string): Promise<unknown>[] {
    return this.#urls('payment-state')
      .map(async (url) => {
        const signal = AbortSignal.timeout(STREAM_MS);
        const headers = { authorization: `Bearer ${this.world.system.operatorKey}` };
        const answer = await fetch(`${url}/v1/payments/${id}/stream`, { headers, signal });
        await answer.text();
      })
      .map((one) => one.catch(() => {}));
  }

  /** The same request at two processes at once, under another key, and asked about; a webhook nobody signed. */
  async #repeat(): Promise<void> {
    this.#count += 1;
    const order: Attempt = {
      orderId: `twin-${this.#count}`,
      attempt: 1,
      channel: 'http',
      minor: 1_999,
      currency: 'EUR',
    };
    const paymentMethod = PAYMENT_METHODS[this.#count % PAYMENT_METHODS.length] as string;
    const details = { captureMode: 'automatic', paymentMethod } as const;
    await Promise.all([this.#shop.place(order, details), this.#shop.place(order, details)]);
    const { orderId, attempt, minor, currency } = order;
    const amount = { minor: String(minor), currency };
    const body = { orderId, attempt, amount, ...details };
    const reason = 'nothing is to change';
    const asked = this.#urls('intent').flatMap((url) => [
      this.#post(`${url}/v1/payment-intents`, body, ownKey()),
      this.#post(`${url}/v1/payment-intents/${paymentOf(order)}/verify`, {}),
      this.#post(`${url}/v1/payment-intents/${paymentOf(order)}/verify`, {}, ownKey()),
      this.#post(`${url}/v1/gateway-accounts/${ACCOUNT}/switch`, { stopped: false, reason }),
    ]);
    const forged = this.#urls('webhook-ingest').map((url) =>
      this.#post(`${url}/webhooks/stripe/${ACCOUNT}`, { id: 'evt_forged' }),
    );
    await Promise.all([...asked, ...forged]);
  }

  async #payOut(): Promise<void> {
    const discrepancies = DISCREPANCIES[this.#count % DISCREPANCIES.length];
    const body = { account: ACCOUNT, discrepancies };
    await this.#post(`${this.world.system.sandboxUrl}/sandbox/payouts`, body);
  }

  async #poison(): Promise<void> {
    await this.#command('ReplayParked', Buffer.from('{ "service": '));
    for (const service of STATEFUL_SERVICES) {
      await this.#command('DiscardParked', this.#about(service, 'prk-of-nobody'));
    }
    await this.#mend();
  }

  /** Unreadable commands become ones about a row that does not exist. True when none is left. */
  async #mend(): Promise<true | undefined> {
    let open = 0;
    for (const service of STATEFUL_SERVICES) {
      const [url = ''] = this.#urls(service);
      const { status, body } = await this.#ask(`${url}/operations/parked?status=parked`);
      if (status !== 200) return undefined;
      const { parked } = JSON.parse(body) as { parked: { id: string; source: string }[] };
      for (const { id } of parked.filter(({ source }) => source.endsWith(OPERATIONS_COMMANDS))) {
        open += 1;
        const mended = this.#about('fulfillment', 'prk-of-nobody').toString('base64');
        const data = { ...this.#operator(service, id), mended };
        await this.#command('ReplayParked', encode(OPERATIONS_COMMANDS, 'ReplayParked', data));
      }
    }
    return open === 0 ? true : undefined;
  }

  #about(service: StatefulService, parkedId: string): Buffer {
    return encode(OPERATIONS_COMMANDS, 'DiscardParked', this.#operator(service, parkedId));
  }

  #operator(service: StatefulService, parkedId: string) {
    return { service, parkedId, operator: 'crash-matrix', reason: 'to see it parked and mended' };
  }

  async #command(type: string, value: Buffer): Promise<void> {
    const headers = {
      ce_id: randomUUID(),
      ce_type: type,
      ce_source: 'crash-matrix',
      ce_specversion: '1.0',
      ce_time: new Date().toISOString(),
    };
    // Another partition each time, so that each process of a service gets some.
    const key = headers.ce_id;
    const message = { partition: partitionOf(key), key, value, headers };
    await this.#publisher.publish(OPERATIONS_COMMANDS, [message]);
  }

  #urls(service: StatefulService): string[] {
    return this.world.system.service(service).urls;
  }

  #ask(url: string): Promise<Answer> {
    const { operatorKey } = this.world.system;
    return ask(url, { headers: { authorization: `Bearer ${operatorKey}` } });
  }

  #post(url: string, body: Body, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { apiKey, operatorKey } = this.world.system;
    // A storefront's request names its storefront by its key.
    const key = 'idempotency-key' in more ? apiKey : operatorKey;
    return ask(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${key}`,
        ...more,
      },
      body: JSON.stringify(body),
    });
  }
}

const ownKey = () => ({ 'idempotency-key': randomUUID() });
