import { factId } from '@paylog/contracts';
import { LogFault, type AppendAnswer, type GroupCommit } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import type { GatewayAnswer, GatewayClient } from '@paylog/gateways';
import { counter, type Logger } from '@paylog/observability';
import { isConnectionLost } from '@paylog/postgres';
import type { OperationFact } from '@paylog/payment-domain';
import { recorded, requested } from '../intent/decision.js';
import { toAppend, type Effects, type Intents } from '../intent/intents.js';
import type { BesideLog } from '../intent/known.sql.js';
import { selectStoppedAccounts } from '../intent/known.sql.js';
import type { IntentMessage } from '../intent/messages.js';
import { operations } from '../intent/operations.js';
import { isOpen, statusOf, type Intent, type Known } from '../intent/state.js';
import { messagesOf } from './answers.js';
import { callGateway, lookUp } from './gateway-calls.js';
import type { Action, Limits, Outcome, Progress } from './action.js';
import { concludedFrom } from './by-the-clock.js';
import { nextAction } from './next-action.js';
import { deletePrivate, markNotBefore, markPolled, releaseWork, renewLease } from './work.sql.js';
import type { Claimed } from './work.sql.js';

declareFailpoints([
  'intent.begin.before',
  'intent.begin.after',
  'intent.call.before',
  'intent.call.after',
  'intent.answer.before',
  'intent.answer.after',
  'intent.lookup.before',
  'intent.lookup.after',
  'intent.release.before',
  'intent.release.after',
]);

export interface EngineOptions {
  readonly intents: Intents;
  readonly appends: GroupCommit;
  /** By account, as it is now. */
  readonly gateways: { get(account: string): GatewayClient | undefined };
  readonly limits: Omit<Limits, 'repeatWithinMs' | 'authorizationValidMs'>;
  readonly leaseMs: number;
  readonly logger: Logger;
  readonly now?: () => Date;
}

const STEPS_MAX = 12;
const ANSWER_TRIES_MAX = 40;
const RATE_LIMIT_PAUSE_MS = 500;
const RATE_LIMIT_PAUSE_MS_MAX = 60_000;

const calls = counter('intent_gateway_calls_total', 'Calls at the gateway by result.', [
  'call',
  'result',
]);

/** Does what `nextAction` says for one payment at a time, and feeds the outcome back as facts. */
export class Engine {
  constructor(private readonly options: EngineOptions) {}

  /** Steps until there is nothing to do but wait; then says when to look again. */
  async advance(claimed: Claimed): Promise<void> {
    const { intents, leaseMs } = this.options;
    for (let step = 1; ; step += 1) {
      if (!(await renewLease(intents.pool, claimed, leaseMs))) return;
      const { known, beside } = await intents.load(claimed.paymentId);
      const stopped = await selectStoppedAccounts(intents.pool);
      const action = this.#decide(known, beside, stopped);
      if (action.type === 'wait' || action.type === 'done' || step > STEPS_MAX) {
        await this.#release(claimed, known, beside, action);
        return;
      }
      await this.#perform(action, known, beside);
    }
  }

  #decide(known: Known, beside: BesideLog, stopped: ReadonlySet<string>): Action {
    const account = known.intent.terms?.account ?? '';
    const participants = this.options.gateways.get(account)?.participants;
    const progress: Progress = {
      now: this.#now().getTime(),
      polls: beside.polls,
      accountStopped: stopped.has(account),
      hasPaymentMethod: beside.paymentMethod !== null,
      hasNextAction: beside.nextAction !== null,
      ...(participants ? { reaches: (name) => participants.reaches(name) } : {}),
      ...whenKnown('polledAt', beside.polledAt),
      ...whenKnown('verifyAt', beside.verifyAt),
      ...whenKnown('gatewayToldAt', beside.gatewayToldAt),
      ...whenKnown('notBefore', beside.notBefore),
    };
    return nextAction(known, this.#limits(known), progress);
  }

  #limits({ intent }: Known): Limits {
    const client = this.options.gateways.get(intent.terms?.account ?? '');
    const { repeatWithinMs = 0, authorizationValidMs = Infinity } = client ?? {};
    return { ...this.options.limits, repeatWithinMs, authorizationValidMs };
  }

  async #perform(action: Action, known: Known, beside: BesideLog): Promise<void> {
    switch (action.type) {
      case 'call':
        return this.#call(action, known, beside);
      case 'lookup':
        return this.#lookUp(action, known);
      case 'record':
        return this.#record(known.intent, action.outcomes, action.why);
      case 'refund_rest':
        return this.#refundRest(action, known.intent);
      case 'request':
        return this.#request(action, known.intent);
      case 'wait':
      case 'done':
        return;
    }
  }

  async #call(
    action: Extract<Action, { type: 'call' }>,
    known: Known,
    beside: BesideLog,
  ): Promise<void> {
    const { intent } = known;
    const fact = this.#callFact(action, known);
    await failpoint('intent.begin.before');
    const answer = await this.#append(intent, `call/${action.operation}/${action.number}`, [
      recorded(intent.paymentId, fact),
    ]);
    await failpoint('intent.begin.after');
    // Somebody else wrote in between: look at it first, nothing was called.
    if (answer.status !== 'appended') return;
    await failpoint('intent.call.before');
    // Frozen in between: others may have asked, found nothing and closed the attempt. They, or we, look again.
    if (this.#now().getTime() - Date.parse(fact.at) > this.options.leaseMs) return;
    const said = await callGateway(this.#gateway(known), action, known, beside);
    await failpoint('intent.call.after');
    await this.#keep(intent, said, action.why);
  }

  /** Durable before the call: without an answer behind it, money may have moved. */
  #callFact(action: Extract<Action, { type: 'call' }>, known: Known): OperationFact {
    const own = known.intent.own.find((each) => each.id === action.operation);
    const { operation, number } = action;
    const kind = action.call === 'cancel' ? 'void' : (own?.kind ?? 'authorization');
    const at = this.#now().toISOString();
    const details = {
      ...(own?.asked ? { asked: own.asked } : {}),
      ...(own?.parent === undefined ? {} : { parent: own.parent }),
      ...(own?.participant === undefined ? {} : { participant: own.participant }),
      ...(action.reason === undefined ? {} : { reason: action.reason }),
    };
    const fact = requested(operation, kind, at, details);
    return { ...fact, id: factId(operation, 'requested', String(number)), call: number };
  }

  async #lookUp(action: Extract<Action, { type: 'lookup' }>, known: Known): Promise<void> {
    const { intents } = this.options;
    const { paymentId } = known.intent;
    const own = known.intent.own.find((each) => each.id === action.operation);
    if (!own) return;
    await failpoint('intent.lookup.before');
    const answer = await lookUp(this.#gateway(known), own, known);
    await failpoint('intent.lookup.after');
    const notBefore = answer.result === 'not_attempted' ? this.#pauseAfter(answer, 3) : undefined;
    await markPolled(intents.pool, paymentId, this.#now(), notBefore);
    if (answer.result !== 'not_found') await this.#keep(known.intent, answer, action.why);
    const { known: now } = await intents.load(paymentId);
    const outcomes = concludedFrom(now, own.id, answer, this.#limits(now), this.#now());
    if (outcomes.length > 0) await this.#record(now.intent, outcomes, action.why);
    if (answer.result === 'not_found') this.#log(now.intent, answer, action.why, outcomes.length);
  }

  /** The answer's facts, whatever happened to the stream meanwhile: what the gateway said stays true. */
  async #keep(before: Intent, answer: GatewayAnswer, why: string): Promise<void> {
    const { about } = answer;
    const key = `${about.source}/${about.operationId}/${about.call}`;
    calls.inc({ call: about.source === 'poll' ? 'lookup' : about.kind, result: answer.result });
    await failpoint('intent.answer.before');
    for (let attempt = 1; ; attempt += 1) {
      const kept = await this.#keepOnce(before.paymentId, key, answer).catch((error: unknown) => {
        // The gateway has answered and only we know: insist. If we die, the call is repeated with its key.
        if (attempt < ANSWER_TRIES_MAX && isTransient(error)) return undefined;
        throw error;
      });
      if (kept !== undefined) {
        await failpoint('intent.answer.after');
        this.#log(before, answer, why, kept);
        return;
      }
      if (attempt >= ANSWER_TRIES_MAX) throw new Error(`${key} could not be stored`);
      await new Promise((resolve) => setTimeout(resolve, Math.min(10 * attempt, 250)));
    }
  }

  /** How many messages were stored; undefined: somebody else appended, try again. */
  async #keepOnce(
    paymentId: string,
    key: string,
    answer: GatewayAnswer,
  ): Promise<number | undefined> {
    const { intents } = this.options;
    const { known } = await intents.load(paymentId);
    if (answer.result === 'not_attempted') {
      const tries = known.intent.own.find((own) => own.id === answer.about.operationId);
      await markNotBefore(
        intents.pool,
        paymentId,
        this.#pauseAfter(answer, tries?.calls.length ?? 1),
      );
    }
    const messages = messagesOf(known.intent, answer);
    if (messages.length === 0) return 0;
    const appended = await this.#append(known.intent, key, messages, nextActionIn(answer));
    return appended.status === 'version_conflict' ? undefined : messages.length;
  }

  #pauseAfter(answer: { retryAfterMs?: number }, tries: number): Date {
    const own = Math.min(RATE_LIMIT_PAUSE_MS * 2 ** Math.min(tries, 10), RATE_LIMIT_PAUSE_MS_MAX);
    return new Date(this.#now().getTime() + (answer.retryAfterMs ?? own));
  }

  /** What follows from the clock, or from what we know, without asking anybody. */
  async #record(intent: Intent, outcomes: readonly Outcome[], why: string): Promise<void> {
    const at = this.#now().toISOString();
    const messages = outcomes.map((outcome): IntentMessage => {
      const scope = [outcome.operation, outcome.outcome, 'clock', String(intent.version)];
      const id = factId(...scope, String(outcome.call ?? 0));
      return recorded(intent.paymentId, { type: 'operation', id, at, source: 'clock', ...outcome });
    });
    const answer = await this.#append(
      intent,
      `clock/${intent.paymentId}/${intent.version}`,
      messages,
    );
    this.options.logger.info(
      { ...namesOf(intent), why, outcomes: outcomes.length, append: answer.status },
      'recorded without a call',
    );
  }

  /** Money that nobody is to have but the customer: what is left of it goes back. */
  async #refundRest(
    action: Extract<Action, { type: 'refund_rest' }>,
    intent: Intent,
  ): Promise<void> {
    const currency = intent.terms?.amount.currency ?? '';
    const operation = operations.cancelRefund(intent.paymentId, action.ordinal);
    const fact = requested(operation, 'refund', this.#now().toISOString(), {
      asked: { minor: action.minor, currency },
      parent: action.parent,
      reason: action.reason,
    });
    await this.#append(intent, `refund/${operation}`, [recorded(intent.paymentId, fact)]);
  }

  async #request(action: Extract<Action, { type: 'request' }>, intent: Intent): Promise<void> {
    const { kind, operation, minor, participant, parent } = action;
    const fact = requested(operation, kind, this.#now().toISOString(), {
      asked: { minor, currency: intent.terms?.amount.currency ?? '' },
      participant,
      ...(parent === undefined ? {} : { parent }),
    });
    await this.#append(intent, `request/${operation}`, [recorded(intent.paymentId, fact)]);
  }

  #append(
    intent: Intent,
    key: string,
    messages: readonly IntentMessage[],
    effects: Effects = {},
  ): Promise<AppendAnswer> {
    const cause = {
      at: this.#now().toISOString(),
      id: factId('engine', key),
      ...(intent.terms ? { correlationId: correlationOf(intent) } : {}),
    };
    const { paymentId, version } = intent;
    return this.options.appends.submit(
      toAppend(paymentId, version, key, messages, cause, { work: true, ...effects }),
    );
  }

  async #release(claimed: Claimed, known: Known, beside: BesideLog, action: Action): Promise<void> {
    const { pool } = this.options.intents;
    const authorization = statusOf(known, operations.authorization(claimed.paymentId));
    if (beside.hasPrivate && known.intent.terms && !isOpen(authorization)) {
      await deletePrivate(pool, claimed.paymentId);
    }
    const { dueAt, why } = dueOf(action, this.#now());
    await failpoint('intent.release.before');
    const { touches } = beside;
    await releaseWork(pool, { ...claimed, touches, why, ...(dueAt ? { dueAt } : {}) });
    await failpoint('intent.release.after');
  }

  #gateway(known: Known): GatewayClient {
    const account = known.intent.terms?.account ?? '';
    const client = this.options.gateways.get(account);
    if (client) return client;
    throw new Error(
      `gateway account ${account} is not configured: add it to GATEWAY_ACCOUNTS_FILE`,
    );
  }

  #log(intent: Intent, answer: GatewayAnswer, why: string, messages: number): void {
    const { about, result } = answer;
    const { operationId, kind, call, source } = about;
    const reason = 'reason' in answer ? { reason: answer.reason } : {};
    this.options.logger.info(
      { ...namesOf(intent), operationId, kind, call, source, result, ...reason, why, messages },
      'gateway answered',
    );
  }

  #now(): Date {
    return this.options.now?.() ?? new Date();
  }
}

function dueOf(action: Action, now: Date): { dueAt?: Date; why: string } {
  if (action.type === 'done') return { why: 'nothing to do' };
  if (action.type !== 'wait') {
    // Steps that lead nowhere would never end: others are served in between.
    return { dueAt: new Date(now.getTime() + 1_000), why: 'many steps at once' };
  }
  const { until, why } = action;
  return until === undefined ? { why } : { dueAt: new Date(until), why };
}

/** For the shopper, and for our own table only: it may carry tokens. */
function nextActionIn(answer: GatewayAnswer): Effects {
  if (!('payment' in answer) || answer.payment === undefined) return {};
  return { nextAction: answer.payment.nextAction ?? null };
}

function whenKnown<K extends string>(key: K, at: Date | null): Partial<Record<K, number>> {
  return at === null ? {} : ({ [key]: at.getTime() } as Record<K, number>);
}

function namesOf(intent: Intent) {
  const { paymentId, terms } = intent;
  return { paymentId, orderId: terms?.orderId, attempt: terms?.attempt };
}

function correlationOf({ terms }: Intent): string {
  return terms ? `${terms.storefront}/${terms.orderId}` : '';
}

function isTransient(error: unknown): boolean {
  return error instanceof LogFault ? error.transient : isConnectionLost(error);
}
