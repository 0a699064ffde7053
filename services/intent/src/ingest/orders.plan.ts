import { paymentId } from '@paylog/contracts';
import type { Append, NewParked } from '@paylog/event-sourcing';
import { parkedFrom, type ConsumedMessage } from '@paylog/kafka';
import { maskText } from '@paylog/observability';
import { decide, supersede } from '../intent/decide.js';
import type { Decision } from '../intent/decision.js';
import { toAppend, type Draft, type Effects } from '../intent/intents.js';
import type { IntentMessage } from '../intent/messages.js';
import type { IntentRequest } from '../intent/requests.js';
import { digestOf, isCancelOfOrder, keyOf } from './order-content.js';
import { orderName, toRequest } from './order-messages.js';
import type { Asked, OrderMessage, Storefronts, Unusable } from './order-messages.js';

export const REUSED = 'its ce_id was used before by a message with other content';

/** What one message leads to, ready to be appended or parked. */
export interface Planned {
  readonly source: ConsumedMessage;
  readonly paymentId?: string;
  readonly orderId?: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly appends: readonly Append[];
  readonly parked?: NewParked;
}

interface Given {
  readonly drafts: Map<string, Draft>;
  readonly stopped: ReadonlySet<string>;
  readonly latest: Map<string, number>;
  /** Digests of messages taken before, by key. */
  readonly contents: Map<string, string>;
  readonly waiting: Set<string>;
  readonly at: string;
}

/** Decides the messages of one batch in order, each on what those before it will have left. */
export class Plan {
  constructor(
    private readonly options: { storefronts: Storefronts; group: string },
    private readonly given: Given,
  ) {}

  message(source: ConsumedMessage, id: string, message: OrderMessage): Planned {
    // The stream of its payment would take it for a repetition, and a wish of the storefront would be lost.
    const before = this.given.contents.get(keyOf(message.data.storefront, id));
    if (before !== undefined && before !== digestOf(source).toString('hex')) {
      return this.poison(source, { error: REUSED });
    }
    const planned = this.#decided(source, id, message);
    return isCancelOfOrder(message) ? this.#cancelWaiting(planned, source, id, message) : planned;
  }

  #decided(source: ConsumedMessage, id: string, message: OrderMessage): Planned {
    const key = orderKey(message.data);
    const latestAttempt = this.given.latest.get(key) ?? 1;
    const meta = { id, at: this.given.at, latestAttempt };
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
      accountStopped:
        asked.request.type === 'place' && this.given.stopped.has(asked.request.account),
      ...(previous ? { previous: previous.known } : {}),
    };
    const decision = decide(asked.request, situation);
    if (decision.type === 'accepted' && asked.request.type === 'place') {
      this.given.latest.set(key, Math.max(latestAttempt, asked.request.attempt));
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
        const effects = effectsOf(request, asked, this.given.at);
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
        if (request.type === 'place') this.given.waiting.add(id);
        return { ...head, reason, appends: closing, parked };
      }
    }
  }

  /** The order is cancelled, so the attempt that waits for this one must not be begun either. */
  #cancelWaiting(
    planned: Planned,
    source: ConsumedMessage,
    id: string,
    message: OrderMessage,
  ): Planned {
    const { storefront, orderId } = message.data;
    const attempt = (this.given.latest.get(orderKey(message.data)) ?? 1) + 1;
    const order = orderName(this.options.storefronts, storefront, orderId, attempt);
    const draft = this.#draft(order.paymentId);
    if (!draft || !this.given.waiting.has(order.paymentId)) return planned;
    const own = { id: `next:${id}`, at: this.given.at, byMessage: true } as const;
    const request = { ...order, ...own, type: 'cancel' } as const;
    const decision = decide(request, { known: draft.known, accountStopped: false });
    if (decision.type !== 'accepted') return planned;
    const append = this.#append(source, draft, request, decision.messages, { work: true });
    return { ...planned, appends: [...planned.appends, append] };
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
    const cause = { id: `poison:${id}`, at: this.given.at };
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
      at: this.given.at,
      correlationId: orderKey(request),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const key = keyOf(request.storefront, request.id);
    const { paymentId: id } = request;
    const { version } = draft.known.intent;
    const content = digestOf(source);
    const append = toAppend(id, version, key, messages, cause, effects, content);
    draft.add(messages, cause);
    this.given.contents.set(key, content.toString('hex'));
    return append;
  }

  #supersede(previous: Draft): Append[] {
    const { intent } = previous.known;
    const messages = supersede(previous.known, this.given.at);
    if (messages.length === 0) return [];
    const key = `supersede/${intent.paymentId}/${intent.version}`;
    const cause = { id: key, at: this.given.at };
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
    return this.given.drafts.get(id);
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

export function orderKey({ storefront, orderId }: { storefront: string; orderId: string }): string {
  return `${storefront}/${orderId}`;
}
