import { stableId } from '@paylog/contracts';
import { LogFault, type GroupCommit } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { Problem } from '@paylog/http';
import { partitionOf } from '@paylog/contracts';
import type { Logger } from '@paylog/observability';
import { decide, supersede } from '../intent/decide.js';
import type { Decision } from '../intent/decision.js';
import { toAppend, type Effects, type Intents } from '../intent/intents.js';
import { selectStoppedAccounts } from '../intent/known.sql.js';
import type { IntentRequest } from '../intent/requests.js';
import type { Known } from '../intent/state.js';
import type { IntentReader } from '../query/intent-reader.js';
import type { IntentView } from '../query/view.js';
import { conflictFor, isQuiet, isSettled, problemFor, toProblem } from './answers.js';
import type { StoredProblem } from './answers.js';
import { insertRequest, selectRequest, storeAnswer, takeOverRequest } from './idempotency.sql.js';
import type { KeyScope, NewStoredRequest, StoredRequest } from './idempotency.sql.js';
import { inFlight, keyReused, LOCK_SPARE_MS, RETRY_AFTER_SECONDS } from './key-in-use.js';
import { effectsOf } from './orders.plan.js';
import type { Asked } from './order-messages.js';

declareFailpoints([
  'intent.http.append.before',
  'intent.http.append.after',
  'intent.http.answer.before',
  'intent.http.answer.after',
]);

/** An HTTP request that was checked by itself. */
export interface HttpRequest extends Asked {
  readonly scope: KeyScope;
  /** `Idempotency-Key`; optional where the request has a `reference` of its own. */
  readonly key?: string;
  /** Of method, path and body. */
  readonly digest: string;
  readonly traceparent: string;
  readonly previousPaymentId?: string;
  /** Of a first answer that tells the outcome; 202 while it is open. */
  readonly status: 200 | 201;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: IntentView;
}

interface StoredView {
  readonly view: IntentView;
  readonly issuedAt: string;
}

export interface HttpRequestsOptions {
  readonly intents: Intents;
  readonly appends: GroupCommit;
  readonly reader: IntentReader;
  readonly logger: Logger;
  /** Something was appended that is due at once. */
  readonly poke: () => void;
  /** How long an answer waits for the gateway. */
  readonly waitMs: number;
}

const ATTEMPTS_MAX = 10;

/** Requests by HTTP: the same decisions as for messages, and an answer that a repetition gets again. */
export class HttpRequests {
  constructor(private readonly options: HttpRequestsOptions) {}

  async execute(asked: HttpRequest): Promise<HttpAnswer> {
    const { intents } = this.options;
    if (asked.key !== undefined) {
      const stored = await selectRequest(intents.pool, asked.scope, asked.key);
      if (stored) return this.#again(asked, stored);
    }
    const { decision, known } = await this.#decideAndAppend(asked);
    if (decision === 'appended_by_another') return this.#afterAnother(asked, known);
    switch (decision.type) {
      case 'early':
        throw toProblem(problemFor(decision.refusal), RETRY_AFTER_SECONDS);
      case 'refused':
        throw toProblem(problemFor(decision.refusal));
      case 'conflicted':
        throw toProblem(conflictFor(decision.field));
      case 'accepted':
        this.options.poke();
        return this.#answer(asked, known, asked.status);
      case 'duplicate':
        // Asked before under another key, or by a message: the present state is the answer.
        return this.#answer(asked, known, 200);
    }
  }

  /** The same request was faster, or is so old that its answer was deleted. */
  async #afterAnother(asked: HttpRequest, known: Known): Promise<HttpAnswer> {
    const { scope, key } = asked;
    const stored =
      key === undefined ? undefined : await selectRequest(this.options.intents.pool, scope, key);
    return stored ? this.#again(asked, stored) : this.#answer(asked, known, 200);
  }

  /** The key was used before: the same request gets the same answer, another one is a mistake. */
  async #again(asked: HttpRequest, stored: StoredRequest): Promise<HttpAnswer> {
    const { intents, reader, waitMs } = this.options;
    const { scope, key = '', request } = asked;
    if (stored.digest !== asked.digest) throw keyReused();
    if (stored.status !== null && stored.status !== 202) {
      if (stored.status >= 400) throw toProblem(stored.answer as StoredProblem);
      const { view, issuedAt } = stored.answer as StoredView;
      const body = await reader.withSecrets(view, new Date(issuedAt));
      return { status: stored.status, body };
    }
    const mayAnswer =
      stored.status === 202 ||
      (await takeOverRequest(intents.pool, scope, key, waitMs + LOCK_SPARE_MS));
    if (!mayAnswer) throw inFlight();
    const { known } = await intents.load(stored.paymentId ?? request.paymentId);
    return this.#answer(asked, known, asked.status, stored.status === 202 ? 0 : undefined);
  }

  async #decideAndAppend(
    asked: HttpRequest,
  ): Promise<{ decision: Decision | 'appended_by_another'; known: Known }> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const { decision, known, previous } = await this.#decide(asked);
      if (decision.type === 'early') {
        if (previous) await this.#supersede(previous, asked.request.at);
        return { decision, known };
      }
      if (decision.type === 'duplicate') {
        await this.#claimKey(asked, known);
        return { decision, known };
      }
      await failpoint('intent.http.append.before');
      const answer = await this.options.appends.submit(this.#toAppend(asked, known, decision));
      await failpoint('intent.http.append.after');
      switch (answer.status) {
        case 'appended':
          this.#log(asked, decision);
          return { decision, known };
        case 'duplicate':
          return { decision: 'appended_by_another', known };
        case 'same_key_other_content':
          throw keyReused();
        case 'refused':
          throw Problem.unprocessable(`The request can't be stored: ${answer.reason}`);
        case 'version_conflict':
        case 'offset_moved':
          continue; // Decide again on what is there now.
      }
    }
    throw new LogFault('contention', true, 'the payment is being changed by others; try again');
  }

  async #decide(asked: HttpRequest) {
    const { intents } = this.options;
    const { request, previousPaymentId } = asked;
    const { known } = await intents.load(request.paymentId);
    const previous =
      previousPaymentId === undefined ? undefined : (await intents.load(previousPaymentId)).known;
    const stopped = await selectStoppedAccounts(intents.pool);
    const decision = decide(request, {
      known,
      accountStopped: request.type === 'place' && stopped.has(request.account),
      ...(previous ? { previous } : {}),
    });
    return { decision, known, previous };
  }

  #toAppend(asked: HttpRequest, known: Known, decision: Extract<Decision, { messages: unknown }>) {
    const { request, digest, traceparent } = asked;
    const effects: Effects =
      decision.type === 'accepted' ? effectsOf(request, asked, request.at) : {};
    const problem =
      decision.type === 'refused'
        ? problemFor(decision.refusal)
        : decision.type === 'conflicted'
          ? conflictFor(decision.field)
          : undefined;
    const stored = this.#newStored(asked, problem);
    const cause = {
      at: request.at,
      id: request.id,
      correlationId: `${request.storefront}/${request.orderId}`,
      traceparent,
    };
    return toAppend(
      request.paymentId,
      known.intent.version,
      `http/${request.id}`,
      decision.messages,
      cause,
      stored ? { ...effects, idempotency: stored } : effects,
      Buffer.from(digest, 'hex'),
    );
  }

  #newStored(asked: HttpRequest, problem: StoredProblem | undefined): NewStoredRequest | undefined {
    const { scope, key, digest } = asked;
    if (key === undefined) return undefined;
    const lockedUntil = new Date(Date.now() + this.options.waitMs + LOCK_SPARE_MS).toISOString();
    return {
      ...scope,
      key,
      digest,
      status: problem?.status ?? null,
      answer: problem ?? null,
      lockedUntil,
    };
  }

  /** Nothing is appended, so the key is stored by itself. */
  async #claimKey(asked: HttpRequest, known: Known): Promise<void> {
    const stored = this.#newStored(asked, undefined);
    if (!stored) return;
    const { intents } = this.options;
    if (await insertRequest(intents.pool, known.intent.paymentId, stored)) return;
    const other = await selectRequest(intents.pool, stored, stored.key);
    throw other && other.digest !== stored.digest ? keyReused() : inFlight();
  }

  async #supersede(previous: Known, at: string): Promise<void> {
    const messages = supersede(previous, at);
    if (messages.length === 0) return;
    const { paymentId, version } = previous.intent;
    const key = `supersede/${paymentId}/${version}`;
    const cause = { at, id: stableId('req', key) };
    // A version conflict means that something happened there; the storefront asks again anyway.
    await this.options.appends.submit(
      toAppend(paymentId, version, key, messages, cause, { work: true }),
    );
    this.options.poke();
  }

  /** Waits a bounded time for the gateway; then the answer is 202 and the present state. */
  async #answer(
    asked: HttpRequest,
    before: Known,
    status: number,
    waitMs: number = this.options.waitMs,
  ): Promise<HttpAnswer> {
    const { intents, reader } = this.options;
    const { paymentId } = before.intent;
    const known = await this.#settled(asked.request, paymentId, waitMs);
    const answered = isSettled(asked.request, known) ? status : 202;
    const issuedAt = new Date();
    const body = await reader.view(paymentId, issuedAt);
    if (!body) throw new LogFault('contention', true, `${paymentId} can't be read back; try again`);
    if (asked.key !== undefined) {
      // Tokens and redirects are not stored a second time: they are added again when the answer is repeated.
      const { nextAction: _action, readToken: _token, ...view } = body;
      const stored: StoredView = { view, issuedAt: issuedAt.toISOString() };
      await failpoint('intent.http.answer.before');
      await storeAnswer(intents.pool, asked.scope, asked.key, answered, stored);
      await failpoint('intent.http.answer.after');
    }
    return { status: answered, body };
  }

  async #settled(request: IntentRequest, paymentId: string, waitMs: number): Promise<Known> {
    const { intents } = this.options;
    const until = Date.now() + waitMs;
    for (;;) {
      const appended = this.#nextAppend(paymentId, Math.min(250, Math.max(1, until - Date.now())));
      const { known } = await intents.load(paymentId);
      if (isQuiet(request, known) || Date.now() >= until) return known;
      await appended;
    }
  }

  /** Listened for before the state is read, so that nothing slips in between. */
  #nextAppend(paymentId: string, timeoutMs: number): Promise<void> {
    const lane = partitionOf(paymentId);
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        off();
        resolve();
      };
      const off = this.options.intents.log.onAppended((lanes) => {
        if (lanes.includes(lane)) end();
      });
      const timer = setTimeout(end, timeoutMs);
    });
  }

  #log({ request }: HttpRequest, decision: Decision): void {
    const { paymentId, orderId, id, type } = request;
    const reason = 'refusal' in decision ? decision.refusal.reason : undefined;
    const outcome = decision.type;
    this.options.logger.info(
      { eventId: id, paymentId, orderId, type, outcome, reason },
      'request decided',
    );
  }
}
