import { paymentId } from '@paylog/contracts';
import { LogFault, type Append, type AppendAnswer, type NewParked } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { inputOf, parkedFrom, type Batch, type ConsumedMessage, type Outcome } from '@paylog/kafka';
import { maskText, type Logger } from '@paylog/observability';
import { createHash } from 'node:crypto';
import { decide, supersede, type Decision } from '../intent/decide.js';
import { toAppend, type Draft, type Effects, type Intents } from '../intent/intents.js';
import { selectLatestAttempts, selectStoppedAccounts } from '../intent/known.sql.js';
import type { IntentMessage } from '../intent/messages.js';
import type { IntentRequest } from '../intent/requests.js';
import { readOrderMessage, toRequest, type Asked, type Storefronts } from './order-messages.js';
import type { OrderMessage, Unusable } from './order-messages.js';

declareFailpoints(['intent.orders.before', 'intent.orders.after']);

export interface OrdersOptions {
  readonly intents: Intents;
  readonly storefronts: Storefronts;
  readonly group: string;
  readonly logger: Logger;
  readonly now?: () => Date;
}

const ATTEMPTS_MAX = 8;

/** What one message leads to, ready to be appended or parked. */
interface Planned {
  readonly source: ConsumedMessage;
  readonly paymentId?: string;
  readonly orderId?: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly appends: readonly Append[];
  readonly parked?: NewParked;
}

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
      const answers = await intents.log.append(appends, { input: inputOf(group, batch), parked });
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
    const [drafts, stopped] = await Promise.all([
      intents.loadAll([...ids, ...refusedIds]),
      selectStoppedAccounts(intents.pool),
    ]);
    const plan = new Plan(this.options, drafts, stopped, latest, at);
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

/** Decides the messages of one batch in order, each on what those before it will have left. */
class Plan {
  constructor(
    private readonly options: OrdersOptions,
    private readonly drafts: Map<string, Draft>,
    private readonly stopped: ReadonlySet<string>,
    private readonly latest: Map<string, number>,
    private readonly at: string,
  ) {}

  message(source: ConsumedMessage, id: string, message: OrderMessage): Planned {
    const key = orderKey(message.data);
    const latestAttempt = this.latest.get(key) ?? 1;
    const meta = { id, at: this.at, latestAttempt };
    const asked = toRequest(message, meta, this.options.storefronts);
    if ('refused' in asked) {
      const operation = 'authorization';
      const refused = { order: asked.order, operation, refusal: asked.refused } as const;
      const field = asked.refused.field ?? 'the message';
      return this.poison(source, {
        error: `${message.type}: ${field} ${asked.refused.reason}`,
        refused,
      });
    }
    const draft = this.#draft(asked.request.paymentId);
    if (!draft) return this.#again(source, asked.request);
    const previous = this.#previous(asked.request);
    const situation = {
      known: draft.known,
      accountStopped: asked.request.type === 'place' && this.stopped.has(asked.request.account),
      ...(previous ? { previous: previous.known } : {}),
    };
    const decision = decide(asked.request, situation);
    if (decision.type === 'accepted' && asked.request.type === 'place') {
      this.latest.set(key, Math.max(latestAttempt, asked.request.attempt));
    }
    return this.#planned(source, asked, draft, previous, decision);
  }

  #planned(
    source: ConsumedMessage,
    asked: Asked,
    draft: Draft,
    previous: Draft | undefined,
    decision: Decision,
  ): Planned {
    const { request } = asked;
    const { paymentId: id, orderId } = request;
    const head = { source, paymentId: id, orderId, outcome: decision.type };
    switch (decision.type) {
      case 'duplicate':
        return { ...head, appends: [] };
      case 'accepted': {
        const effects = effectsOf(request, asked, this.at);
        return {
          ...head,
          appends: [this.#append(source, draft, request, decision.messages, effects)],
        };
      }
      case 'refused': {
        const { reason } = decision.refusal;
        return {
          ...head,
          reason,
          appends: [this.#append(source, draft, request, decision.messages, {})],
        };
      }
      case 'conflicted': {
        const reason = decision.field;
        return {
          ...head,
          reason,
          appends: [this.#append(source, draft, request, decision.messages, {})],
        };
      }
      case 'early': {
        const { reason } = decision.refusal;
        const parked = parkedFrom(this.options.group, source, 'handle', reason, {
          kind: 'unresolved',
          reference: `payment:${decision.on}`,
          stream: id,
        });
        const closing =
          reason === 'previous_attempt_open' && previous ? this.#supersede(previous) : [];
        return { ...head, reason, appends: closing, parked };
      }
    }
  }

  /** Parked for a person; refused aloud where we know to whom. */
  poison(source: ConsumedMessage, { error, refused }: Unusable): Planned {
    const parked = maskedPoison(this.options.group, source, error);
    const head = { source, outcome: 'parked', reason: error, parked };
    const draft = refused && this.#draft(refused.order.paymentId);
    const id = source.headers['ce_id'];
    if (!refused || !draft || !id) return { ...head, appends: [] };
    const { order, operation, refusal } = refused;
    const data = { ...order, requestId: id, operation, ...refusal };
    const messages: IntentMessage[] = [{ type: 'IntentRefused', data }];
    // Not the message's own id: mended and replayed, the message must still be new to the stream.
    const cause = { id: `poison:${id}`, at: this.at };
    const key = `poison/${order.storefront}/${id}`;
    const { version } = draft.known.intent;
    const append = toAppend(order.paymentId, version, key, messages, cause, {}, digestOf(source));
    draft.add(messages, cause);
    const { paymentId: of, orderId } = order;
    return { ...head, paymentId: of, orderId, appends: [append] };
  }

  #append(
    source: ConsumedMessage,
    draft: Draft,
    request: IntentRequest,
    messages: readonly IntentMessage[],
    effects: Effects,
  ): Append {
    const { traceparent } = source.headers;
    const cause = {
      id: request.id,
      at: this.at,
      correlationId: orderKey(request),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const key = `order/${request.storefront}/${request.id}`;
    const { paymentId: id } = request;
    const { version } = draft.known.intent;
    const append = toAppend(id, version, key, messages, cause, effects, digestOf(source));
    draft.add(messages, cause);
    return append;
  }

  #supersede(previous: Draft): Append[] {
    const { intent } = previous.known;
    const messages = supersede(previous.known, this.at);
    if (messages.length === 0) return [];
    const key = `supersede/${intent.paymentId}/${intent.version}`;
    const cause = { id: key, at: this.at };
    const append = toAppend(intent.paymentId, intent.version, key, messages, cause, { work: true });
    previous.add(messages, cause);
    return [append];
  }

  /** The message turned out to be about a payment we did not load: the batch is planned again with it. */
  #again(source: ConsumedMessage, request: IntentRequest): Planned {
    const parked = parkedFrom(this.options.group, source, 'handle', 'attempt_not_loaded', {
      kind: 'unresolved',
      reference: `payment:${request.paymentId}`,
    });
    return { source, outcome: 'early', reason: 'attempt_not_loaded', appends: [], parked };
  }

  #draft(id: string): Draft | undefined {
    return this.drafts.get(id);
  }

  #previous(request: IntentRequest): Draft | undefined {
    if (request.type !== 'place' || request.attempt === 1) return undefined;
    const { mode } = this.options.storefronts;
    const { storefront, orderId } = request;
    return this.#draft(paymentId({ mode, storefront, orderId, attempt: request.attempt - 1 }));
  }
}

/** What an accepted request leaves in our own tables. */
export function effectsOf(request: IntentRequest, asked: Asked, at: string): Effects {
  if (request.type !== 'place') return { work: true };
  const { paymentId: id, storefront, orderId, attempt, account } = request;
  return {
    work: true,
    order: { paymentId: id, storefront, orderId, attempt, account, at },
    ...(asked.details ? { private: asked.details } : {}),
  };
}

/** A card number is not kept, not even as poison. */
function maskedPoison(group: string, source: ConsumedMessage, error: string): NewParked {
  const parked = parkedFrom(group, source, 'decode', error);
  if (!/card number/.test(error) || !source.value) return parked;
  return { ...parked, value: Buffer.from(maskText(source.value.toString('utf8'))) };
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
        poisoned.set(one.source, 'its ce_id was used before by a message with other content');
      }
    }
  }
}

function isTaken({ status }: AppendAnswer): boolean {
  return status === 'appended' || status === 'duplicate';
}

function digestOf(source: ConsumedMessage): Buffer {
  return createHash('sha256')
    .update(source.value ?? '')
    .digest();
}

function orderKey({ storefront, orderId }: { storefront: string; orderId: string }): string {
  return `${storefront}/${orderId}`;
}

function contention(messages: number): LogFault {
  const text = `${messages} order messages found other writers ${ATTEMPTS_MAX} times in a row; trying again`;
  return new LogFault('contention', true, text);
}
