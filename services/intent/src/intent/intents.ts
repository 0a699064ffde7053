import { fromWirePayment, partitionOf, type PaymentState } from '@paylog/contracts';
import type { Append, EventLog, LogRow } from '@paylog/event-sourcing';
import type { Payment } from '@paylog/payment-domain';
import type { Pool } from 'pg';
import { fromRow, toRow, type Cause } from '../publish/rows.js';
import { selectBesideLog, selectStates, type BesideLog } from './known.sql.js';
import type { IntentMessage, RecordedMessage } from './messages.js';
import { foldIntent, type Known } from './state.js';

/** What an append leaves in our own tables, in its commit: see `sql/project.sql`. */
export interface Effects {
  readonly order?: object;
  readonly private?: object;
  readonly nextAction?: object | null;
  readonly idempotency?: object;
  /** The payment is to be looked at. */
  readonly work?: true;
}

/** Reads payments and builds appends; the decisions in between are pure. */
export class Intents {
  constructor(
    readonly log: EventLog,
    readonly pool: Pool,
  ) {}

  async load(paymentId: string): Promise<{ known: Known; beside: BesideLog }> {
    // In this order: what is appended after the first query shows as a later touch, and is looked at again.
    const beside = await selectBesideLog(this.pool, paymentId);
    const rows = await this.log.readStream(paymentId);
    return { known: knownFrom(paymentId, rows, beside.state), beside };
  }

  /** Many at once, for a batch of messages: decisions of one batch build on each other. */
  async loadAll(paymentIds: readonly string[]): Promise<Map<string, Draft>> {
    const ids = [...new Set(paymentIds)];
    if (ids.length === 0) return new Map();
    const [streams, states] = await Promise.all([
      this.log.readStreams(ids),
      selectStates(this.pool, ids),
    ]);
    return new Map(
      ids.map((id) => [id, new Draft(id, streams.get(id) ?? [], states.get(id))] as const),
    );
  }
}

/** A payment as it is, and as it will be when what was decided so far is appended. */
export class Draft {
  readonly #recorded: RecordedMessage[];
  readonly #projected: Payment | undefined;
  known: Known;

  constructor(
    readonly paymentId: string,
    rows: readonly LogRow[],
    state: unknown,
  ) {
    this.#recorded = rows.map(fromRow);
    this.#projected = projectedFrom(state);
    this.known = this.#fold();
  }

  add(messages: readonly IntentMessage[], cause: Cause): void {
    const added = messages.map((message) => ({ message, at: cause.at, causedBy: cause.id }));
    this.#recorded.push(...added);
    this.known = this.#fold();
  }

  #fold(): Known {
    const intent = foldIntent(this.paymentId, this.#recorded);
    return { intent, ...(this.#projected ? { projected: this.#projected } : {}) };
  }
}

function knownFrom(paymentId: string, rows: readonly LogRow[], state: unknown): Known {
  const projected = projectedFrom(state);
  const intent = foldIntent(paymentId, rows.map(fromRow));
  return { intent, ...(projected ? { projected } : {}) };
}

/** Checked by its schema when it came in, and stored as it was. */
function projectedFrom(state: unknown): Payment | undefined {
  return state ? fromWirePayment(state as PaymentState) : undefined;
}

/** One decision as one append: at the version that was read, once for ever by its key. */
export function toAppend(
  paymentId: string,
  version: number,
  key: string,
  messages: readonly IntentMessage[],
  cause: Cause,
  effects: Effects,
  contentDigest?: Buffer,
): Append {
  return {
    lane: partitionOf(paymentId),
    stream: paymentId,
    expectedVersion: version,
    key,
    rows: messages.map((message) => toRow(message, cause)),
    effects,
    ...(contentDigest ? { contentDigest } : {}),
  };
}
