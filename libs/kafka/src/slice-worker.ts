import { KafkaFault, passesByItself, reasonOf } from './fault.js';
import type { Logger } from './logger.js';
import { halves, type Batch, type ConsumedMessage, type Outcome } from './message.js';
import { backoffMs, pause } from './pause.js';

/** Handles a batch and commits its offset with the effects. */
export type BatchHandler = (batch: Batch) => Promise<Outcome>;

/**
 * Takes the one message a handler can't get past: parks it and commits `batch`'s offset in the same write. `batch` holds
 * just this message.
 */
export type PoisonHook = (
  message: ConsumedMessage,
  error: unknown,
  batch: Batch,
  attempts: number,
) => Promise<Outcome>;

export interface SliceContext {
  /** Throws when the member must re-join or leave; called between attempts and while one runs. */
  beat(): Promise<void>;
  /** False: the consumer stops, or the partition is no longer ours to work on. */
  mayGoOn(): boolean;
  /** The stored offset has reached this. */
  reached(next: bigint): void;
  failing(attempts: number, error: unknown): void;
}

export interface SliceWorkerOptions {
  readonly handle: BatchHandler;
  readonly onPoison: PoisonHook;
  /** Attempts of an error that doesn't pass by itself. */
  readonly attemptsMax: number;
  readonly beatEveryMs: number;
  readonly logger: Logger | undefined;
}

interface Failed {
  readonly status: 'failed';
  readonly error: unknown;
  readonly attempts: number;
}

export type SliceOutcome = Outcome | 'stopped';

/**
 * A handler's retries, in place and without end: nothing is ever skipped. What passes by itself (a lost database) is
 * tried until it has passed. Any other error is tried `attemptsMax` times; then the batch is halved, again and again,
 * until the poisonous message stands alone. Its neighbours are handled on the way, and it goes to the hook.
 */
export class SliceWorker {
  constructor(private readonly options: SliceWorkerOptions) {}

  work(batch: Batch, context: SliceContext): Promise<SliceOutcome> {
    return this.narrow(batch, context, this.options.attemptsMax);
  }

  private async narrow(
    batch: Batch,
    context: SliceContext,
    attempts: number,
  ): Promise<SliceOutcome> {
    const alone = batch.messages.length === 1;
    const result = await this.insist(
      () => this.options.handle(batch),
      batch,
      context,
      alone ? this.options.attemptsMax : attempts,
    );
    if (result.status !== 'failed') return this.done(result.status, batch, context);
    if (alone) return this.giveAway(batch, result, context);

    const [left, right] = halves(batch);
    const outcome = await this.narrow(left, context, 1);
    return outcome === 'committed' ? this.narrow(right, context, 1) : outcome;
  }

  /** The hook parks the message; a hook that fails is tried for ever, for what is not parked must not be passed. */
  private async giveAway(
    batch: Batch,
    { error, attempts }: Failed,
    context: SliceContext,
  ): Promise<SliceOutcome> {
    const message = batch.messages[0] as ConsumedMessage;
    const { topic, partition } = batch;
    const place = { topic, partition, offset: String(message.offset), error: reasonOf(error) };
    this.options.logger?.error(place, 'a handler can’t get past this message; it is parked');
    const result = await this.insist(
      () => this.options.onPoison(message, error, batch, attempts),
      batch,
      context,
      Infinity,
    );
    return this.done(result.status === 'failed' ? 'stopped' : result.status, batch, context);
  }

  private done(status: SliceOutcome, batch: Batch, context: SliceContext): SliceOutcome {
    if (status === 'committed') context.reached(batch.to);
    return status;
  }

  private async insist(
    attempt: () => Promise<Outcome>,
    batch: Batch,
    context: SliceContext,
    attemptsMax: number,
  ): Promise<{ status: SliceOutcome } | Failed> {
    let counted = 0;
    for (let tries = 1; ; tries += 1) {
      if (!context.mayGoOn()) return { status: 'stopped' };
      try {
        const outcome = await whileBeating(attempt, context, this.options.beatEveryMs);
        return { status: expectOutcome(outcome, batch) };
      } catch (error) {
        if (!passesByItself(error)) counted += 1;
        context.failing(tries, error);
        this.logFailure(batch, tries, error);
        if (counted >= attemptsMax) return { status: 'failed', error, attempts: tries };
        await this.waitBeating(backoffMs(tries), context);
      }
    }
  }

  private logFailure(batch: Batch, attempt: number, error: unknown): void {
    const { topic, partition, from, to, messages } = batch;
    const place = {
      topic,
      partition,
      from: String(from),
      to: String(to),
      messages: messages.length,
    };
    const fields = { ...place, attempt, transient: passesByItself(error), error: reasonOf(error) };
    this.options.logger?.warn(fields, 'a handler failed; the same batch is tried again');
  }

  private async waitBeating(milliseconds: number, context: SliceContext): Promise<void> {
    const until = Date.now() + milliseconds;
    for (let left = milliseconds; left > 0 && context.mayGoOn(); left = until - Date.now()) {
      await pause(Math.min(left, this.options.beatEveryMs));
      await context.beat();
    }
  }
}

/** A member whose handler takes longer than its session must go on beating, or its partitions are given away. */
async function whileBeating<T>(
  work: () => Promise<T>,
  context: SliceContext,
  everyMs: number,
): Promise<T> {
  // A failing beat (a rebalance) is not lost: the caller beats again before it goes on.
  const timer = setInterval(() => void context.beat().catch(() => undefined), everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function expectOutcome(outcome: unknown, batch: Batch): Outcome {
  if (outcome === 'committed' || outcome === 'fenced') return outcome;
  const why =
    `the handler of ${batch.topic} returned ${JSON.stringify(outcome)}: it must commit the offset ` +
    "and return 'committed', or 'fenced' when the offset had moved";
  throw new KafkaFault('no_outcome', 'handle', true, why);
}
