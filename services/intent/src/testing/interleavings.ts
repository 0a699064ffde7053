import type { GatewayAnswer } from '@paylog/gateways';
import type { Action } from '../engine/action.js';
import { PureRun } from './pure-run.js';

interface InFlight {
  readonly call: Extract<Action, { type: 'call' }>;
  /** The gateway has done it; our record of what it said is still to come. */
  answer?: GatewayAnswer;
}

/** The longest wait that may pass while calls are on their way. */
const PATIENCE_MS = 10_000;

/**
 * One payment between an engine that may die, a network that may be slow, and webhooks: every step that can come next is
 * a choice. A call is written down, reaches the gateway, and is answered, each at a moment of its own.
 */
export class Interleaving {
  readonly run = new PureRun();
  readonly #inFlight: InFlight[] = [];
  #cancelled = false;
  #toldOf = '';

  /** What may happen next, by name; the same history always offers the same. */
  choices(): string[] {
    const calls = this.#inFlight.flatMap(({ answer }, index) =>
      answer ? [`answer ${index}`, `lose ${index}`] : [`arrive ${index}`, `lose ${index}`],
    );
    return [
      ...calls,
      ...(this.#canStep() ? ['engine'] : []),
      ...(this.#toldOf === this.#gatewayState() ? [] : ['webhook']),
      ...(this.#cancelled ? [] : ['cancel']),
    ];
  }

  async take(choice: string): Promise<void> {
    const [name, index] = choice.split(' ');
    switch (name) {
      case 'arrive':
        await this.#arrive(Number(index));
        return;
      case 'answer':
        this.run.keep(this.#end(Number(index)).answer!);
        return;
      case 'lose':
        this.#end(Number(index));
        return;
      case 'engine':
        await this.#step();
        return;
      case 'webhook':
        this.#toldOf = this.#gatewayState();
        this.run.webhook();
        return;
      case 'cancel':
        this.#cancelled = true;
        this.run.ask({ type: 'cancel' });
    }
  }

  /** Whatever is on its way arrives, everything is told, and time passes until nothing is due. */
  async finish(): Promise<void> {
    if (!this.#cancelled) await this.take('cancel');
    for (let next = this.#inFlight.at(0); next; next = this.#inFlight.at(0)) {
      await this.take(next.answer ? 'answer 0' : 'arrive 0');
    }
    for (let round = 0; round < 5; round += 1) {
      await this.run.settle();
      await this.take('webhook');
    }
    await this.run.settle();
  }

  /** Two histories that lead here go on alike. */
  signature(): string {
    const facts = this.run.rows.map(({ message: { type, data } }) => {
      const fact = 'fact' in data ? data.fact : undefined;
      return fact?.type === 'operation'
        ? [fact.operation, fact.outcome, fact.call, fact.amount?.minor.toString()].join()
        : type;
    });
    const flying = this.#inFlight.map(({ call, answer }) => [
      call.operation,
      call.number,
      answer?.result,
    ]);
    return JSON.stringify([facts, flying, this.#gatewayState(), this.#toldOf, this.#cancelled]);
  }

  #canStep(): boolean {
    const action = this.run.next();
    if (action.type !== 'wait') return action.type !== 'done';
    return action.until !== undefined && action.until - this.run.now <= PATIENCE_MS;
  }

  async #step(): Promise<void> {
    const action = this.run.next();
    if (action.type === 'call') {
      this.run.begin(action);
      this.#inFlight.push({ call: action });
    } else if (action.type === 'wait') {
      this.run.now = Math.max(this.run.now + 1, action.until ?? 0);
    } else await this.run.step();
  }

  async #arrive(index: number): Promise<void> {
    const flying = this.#inFlight[index];
    if (flying) flying.answer = await this.run.callOf(flying.call);
  }

  #end(index: number): InFlight {
    const [flying] = this.#inFlight.splice(index, 1);
    if (!flying) throw new Error(`nothing is on its way at ${index}`);
    return flying;
  }

  #gatewayState(): string {
    const { containers, refunds } = this.run.gateway;
    return JSON.stringify([
      containers.map(({ status, captured }) => [status, captured.toString()]),
      refunds.map(({ refund }) => [refund.refundId, refund.status]),
    ]);
  }
}

/**
 * Every order of what can happen within `depth` choices, histories that come to the same only once. Calls `check` with
 * each, after its end, and says how many there were.
 */
export async function everyInterleaving(
  begin: (run: PureRun) => Promise<void>,
  depth: number,
  check: (ended: Interleaving, history: readonly string[]) => void,
): Promise<number> {
  const replay = async (history: readonly string[]): Promise<Interleaving> => {
    const world = new Interleaving();
    await begin(world.run);
    for (const choice of history) await world.take(choice);
    return world;
  };
  const seen = new Set<string>();
  let level: (readonly string[])[] = [[]];
  for (let length = 0; length <= depth; length += 1) {
    const next: (readonly string[])[] = [];
    for (const history of level) {
      const world = await replay(history);
      const signature = world.signature();
      if (seen.has(signature)) continue;
      seen.add(signature);
      next.push(...world.choices().map((choice) => [...history, choice]));
      await world.finish();
      check(world, history);
    }
    level = next;
  }
  return seen.size;
}
