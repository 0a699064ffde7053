import { paymentId } from '@paylog/contracts';
import { LogFault, type AppendAnswer } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { inputOf, type Batch, type ConsumedMessage, type Outcome } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import { appendInFlushes } from '@paylog/service';
import type { Intents } from '../intent/intents.js';
import { selectContents, selectLatestAttempts } from '../intent/known.sql.js';
import { selectStoppedAccounts } from '../intent/known.sql.js';
import { isCancelOfOrder, keyOf } from './order-content.js';
import { readOrderMessage, type OrderMessage, type Storefronts } from './order-messages.js';
import { orderKey, Plan, REUSED, type Planned } from './orders.plan.js';

declareFailpoints(['intent.orders.before', 'intent.orders.after']);

export interface OrdersOptions {
  readonly intents: Intents;
  readonly storefronts: Storefronts;
  readonly group: string;
  readonly logger: Logger;
  readonly now?: () => Date;
}

const ATTEMPTS_MAX = 8;

/**
 * A storefront's messages. They are keyed by whatever the storefront chose, so each is decided at the version of its
 * payment's stream, and re-keyed by payment in our own log. The offset moves in the commit of the appends, and only
 * when every one of them was taken.
 */
export class OrdersHandler {
  constructor(private readonly options: OrdersOptions) {}

  async onBatch(batch: Batch): Promise<Outcome> {
    const { intents, group } = this.options;
    const poisoned = new Map<ConsumedMessage, string>();
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const planned = await this.#plan(batch.messages, poisoned);
      const appends = planned.flatMap((one) => one.appends);
      const parked = planned.flatMap((one) => (one.parked ? [one.parked] : []));
      await failpoint('intent.orders.before');
      const options = { input: inputOf(group, batch), parked };
      const answers = await appendInFlushes(intents.log, appends, options);
      await failpoint('intent.orders.after');
      if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
      if (answers.every(isTaken)) {
        for (const one of planned) this.#log(one);
        return 'committed';
      }
      noteWhatCannotBeStored(planned, answers, poisoned);
    }
    throw contention(batch.messages.length);
  }

  /** A parked message again. False: it still can't be judged. Throws with what is wrong with it. */
  async onParked(message: ConsumedMessage, parkedId: string): Promise<boolean> {
    const { intents } = this.options;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const [planned] = await this.#plan([message], new Map());
      if (!planned) return true;
      if (planned.parked?.kind === 'unresolved') {
        if (planned.appends.length > 0) await intents.log.append(planned.appends);
        return false;
      }
      if (planned.parked) throw new Error(planned.parked.error);
      const settle = [{ id: parkedId, status: 'applied' as const }];
      const answers = await intents.log.append(planned.appends, { settle });
      if (answers.every(isTaken)) {
        this.#log({ ...planned, outcome: `replayed: ${planned.outcome}` });
        return true;
      }
      const refused = answers.find((answer) => answer.status === 'refused');
      if (refused?.status === 'refused') throw new Error(refused.reason);
    }
    throw contention(1);
  }

  async #plan(
    messages: readonly ConsumedMessage[],
    poisoned: ReadonlyMap<ConsumedMessage, string>,
  ): Promise<Planned[]> {
    const { intents, storefronts } = this.options;
    const at = (this.options.now?.() ?? new Date()).toISOString();
    const reads = messages.map((source) => ({
      source,
      read: readOrderMessage(source.topic, source.headers['ce_type'], source.value, storefronts),
    }));
    const good = reads.flatMap(({ read }) => (read.ok ? [read.message] : []));
    const latest = await this.#latestAttempts(good);
    const ids = good.flatMap((message) => this.#idsOf(message, latest));
    const refusedIds = reads.flatMap(({ read }) =>
      !read.ok && read.refused ? [read.refused.order.paymentId] : [],
    );
    const keys = reads.flatMap(({ source, read }) =>
      read.ok ? [keyOf(read.message.data.storefront, source.headers['ce_id'] ?? '')] : [],
    );
    const [drafts, stopped, contents, waiting] = await Promise.all([
      intents.loadAll([...ids, ...refusedIds]),
      selectStoppedAccounts(intents.pool),
      selectContents(intents.pool, keys),
      this.#waiting(good.some(isCancelOfOrder) ? ids : []),
    ]);
    const plan = new Plan(this.options, { drafts, stopped, latest, contents, waiting, at });
    return reads.map(({ source, read }) => {
      const id = source.headers['ce_id'];
      const error = poisoned.get(source) ?? (id ? undefined : 'has no ce_id header');
      if (error !== undefined || id === undefined)
        return plan.poison(source, { error: error ?? '' });
      if (id.length > 255) return plan.poison(source, { error: 'has a ce_id longer than 255' });
      return read.ok ? plan.message(source, id, read.message) : plan.poison(source, read);
    });
  }

  /** Which attempts the batch is about: of messages that name none, the last one accepted or in this batch. */
  async #latestAttempts(messages: readonly OrderMessage[]): Promise<Map<string, number>> {
    const orders = messages
      .filter(({ type, data }) => type !== 'OrderPlaced' && data.attempt === undefined)
      .map(({ data }) => ({ storefront: data.storefront, orderId: data.orderId }));
    const rows = await selectLatestAttempts(this.options.intents.pool, orders);
    return new Map(rows.map((row) => [orderKey(row), row.attempt]));
  }

  /** Attempts that were placed and wait for the one before them to be closed. */
  async #waiting(ids: readonly string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const reference = ids.map((id) => `payment:${id}`);
    const rows = await this.options.intents.log.parked({ kind: 'unresolved', reference });
    return new Set(rows.flatMap(({ stream }) => stream ?? []));
  }

  /** Every payment the message may be about, the attempt before included; a few too many do no harm. */
  #idsOf({ type, data }: OrderMessage, latest: ReadonlyMap<string, number>): string[] {
    const { storefront, orderId } = data;
    const known = data.attempt ?? latest.get(orderKey(data)) ?? 1;
    // An OrderPlaced earlier in the same batch may make a later attempt the last one.
    const attempts = type === 'OrderPlaced' ? [known, known - 1] : [known, known + 1];
    const { mode } = this.options.storefronts;
    return attempts
      .filter((attempt) => attempt >= 1)
      .map((attempt) => paymentId({ mode, storefront, orderId, attempt }));
  }

  #log({ source, paymentId, orderId, outcome, reason }: Planned): void {
    const { topic, partition, offset, headers } = source;
    this.options.logger.info(
      {
        eventId: headers['ce_id'],
        type: headers['ce_type'],
        paymentId,
        orderId,
        outcome,
        reason,
        topic,
        partition,
        offset: offset.toString(),
      },
      'order message handled',
    );
  }
}

function noteWhatCannotBeStored(
  planned: readonly Planned[],
  answers: readonly AppendAnswer[],
  poisoned: Map<ConsumedMessage, string>,
): void {
  let index = 0;
  for (const one of planned) {
    for (const _ of one.appends) {
      const answer = answers[index];
      index += 1;
      if (answer?.status === 'refused') poisoned.set(one.source, answer.reason);
      if (answer?.status === 'same_key_other_content') {
        poisoned.set(one.source, REUSED);
      }
    }
  }
}

function isTaken({ status }: AppendAnswer): boolean {
  return status === 'appended' || status === 'duplicate';
}

function contention(messages: number): LogFault {
  const text = `${messages} order messages found other writers ${ATTEMPTS_MAX} times in a row; trying again`;
  return new LogFault('contention', true, text);
}
