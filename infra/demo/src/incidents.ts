import {
  GATEWAY_NOTIFICATIONS,
  OPERATIONS_COMMANDS,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  SETTLEMENT_FACTS,
  STOREFRONT_ORDERS,
} from '@paylog/contracts';
import type { System } from '@paylog/local';
import { intentsOf } from './check-payments.js';
import type { Driven } from './drive.js';
import type { Order } from './orders.js';
import { replay } from './parked.js';
import { parkedRowsOf, type Poison, Poisoner, poisonName } from './poison.js';
import { type Sent, truthOf } from './sandbox-truth.js';
import { rotateWebhookSecret, WEBHOOK_SECRET } from './secret-rotation.js';
import { paymentOf, type Shop } from './shop.js';
import type { RunningSystem } from './system.js';
import type { Watch } from './watch.js';

/** So many captured payments are there before the first thing goes wrong: each incident is about another one. */
const VICTIMS = 6;

/** What goes wrong while orders are driven: poison on every input topic, a broken webhook, forged ones, a new secret. */
export class Incidents {
  /** Webhooks we sent ourselves, in the gateway's place. */
  readonly sent: Sent[] = [];
  /** By scenario; empty: as it should be. */
  readonly problems = new Map<string, string[]>();
  readonly #poisoner: Poisoner;
  readonly #victims: string[] = [];
  readonly #poisons: Poison[] = [];
  #happening: Promise<void> | undefined;

  constructor(
    private readonly system: RunningSystem,
    private readonly shop: Shop,
    private readonly watch: Watch,
    private readonly configuration: System['configuration'],
  ) {
    const { STRIPE_MAIN_API_KEY: apiKey, [WEBHOOK_SECRET]: webhookSecret } = configuration.secrets;
    this.#poisoner = new Poisoner(system, watch, { apiKey, webhookSecret });
  }

  /** Told of each order that ended; begins when there are enough. */
  consider({ order, problem }: Driven, poisoned: Order): void {
    if (problem !== undefined || order.scenario.name !== 'automatic_capture') return;
    this.#victims.push(paymentOf(order.orderId, 1));
    if (this.#victims.length >= VICTIMS) void this.#begin(poisoned);
  }

  /** Everything has been sent and parked; what could not be is among the problems. */
  async happened(poisoned: Order): Promise<void> {
    await this.#begin(poisoned);
  }

  /** An operator looks at what is parked, corrects it and has it replayed. */
  async mend(): Promise<void> {
    for (const [name, poisons] of byName(this.#poisons)) {
      await this.#try(name, async () => {
        await replay(this.system, await parkedRowsOf(this.system, poisons));
      });
    }
  }

  /** The storefront reads why its order is not accepted, by the field's path. */
  refusedAloud({ orderId }: Order): void {
    const { refused } = this.watch.payment(paymentOf(orderId, 1));
    if (refused.some(({ field }) => field === 'amount.minor')) return;
    this.#note(poisonName(STOREFRONT_ORDERS), 'no IntentRefused names the field amount.minor');
  }

  close(): Promise<void> {
    return this.#poisoner.close();
  }

  #begin(poisoned: Order): Promise<void> {
    this.#happening ??= this.#happen(poisoned);
    return this.#happening;
  }

  async #happen(poisoned: Order): Promise<void> {
    const poisoner = this.#poisoner;
    const send = (name: string, poison: () => Promise<Poison[]>) =>
      this.#try(name, async () => void this.#poisons.push(...(await poison())));
    await send(poisonName(STOREFRONT_ORDERS), () => poisoner.order(poisoned, this.shop));
    for (const topic of [PAYMENTS_INTENTS, GATEWAY_NOTIFICATIONS, PAYMENTS_EVENTS] as const) {
      await send(poisonName(topic), () => poisoner.cutOff(topic, this.#victim()));
    }
    await send(poisonName(SETTLEMENT_FACTS), () => poisoner.settlementFact(this.#victim()));
    await send(poisonName(OPERATIONS_COMMANDS), () => poisoner.command(this.#victim()));
    await this.#try('webhook_broken_json', () => this.#breakWebhook());
    await this.#try('webhook_forged', () => this.#forgeWebhook());
    await this.#try('webhook_secret_rotated', () => this.#rotateSecret());
  }

  async #breakWebhook(): Promise<void> {
    const { poison, sent } = await this.#poisoner.brokenWebhook(await this.#intentOfVictim());
    this.sent.push(sent);
    this.#poisons.push(...poison);
    if (sent.status !== 200) throw new Error(`it was answered ${sent.status}, not stored`);
  }

  /** Who still has the old secret is a stranger afterwards. */
  async #rotateSecret(): Promise<void> {
    await rotateWebhookSecret(this.system, this.configuration);
    await this.#forgeWebhook(this.configuration.secrets[WEBHOOK_SECRET]);
  }

  async #forgeWebhook(secret?: string): Promise<void> {
    const sent = await this.#poisoner.forgedWebhook(await this.#intentOfVictim(), secret);
    this.sent.push(sent);
    if (sent.status !== 401) throw new Error(`it was answered ${sent.status}, not refused`);
  }

  /** In turns. */
  #victim(): string {
    const victim = this.#victims.shift();
    if (victim === undefined) throw new Error('no payment was captured that it could be about');
    this.#victims.push(victim);
    return victim;
  }

  async #intentOfVictim(): Promise<string> {
    const paymentId = this.#victim();
    const [intent] = intentsOf(await truthOf(this.system.sandbox()), paymentId);
    if (intent === undefined) throw new Error(`the gateway knows nothing of ${paymentId}`);
    return intent.id;
  }

  async #try(name: string, act: () => Promise<void>): Promise<void> {
    this.#note(name);
    await act().catch((error: Error) => this.#note(name, error.message));
  }

  #note(name: string, ...problems: string[]): void {
    this.problems.set(name, [...(this.problems.get(name) ?? []), ...problems]);
  }
}

function byName(poisons: readonly Poison[]): Map<string, Poison[]> {
  const groups = new Map<string, Poison[]>();
  for (const poison of poisons) {
    groups.set(poison.name, [...(groups.get(poison.name) ?? []), poison]);
  }
  return groups;
}
