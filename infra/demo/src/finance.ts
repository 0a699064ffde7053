import {
  decodeMessage,
  LEDGER_ENTRIES,
  type MessageData,
  RECONCILIATION_EXCEPTIONS,
  RECONCILIATION_RESULTS,
} from '@paylog/contracts';
import { waitFor } from '@paylog/local';
import type { EachMessagePayload, Kafka } from 'kafkajs';
import { follow, type Following } from './follow.js';

export type Entry = MessageData<typeof LEDGER_ENTRIES, 'EntryPosted'>;
export type Statement = MessageData<typeof RECONCILIATION_RESULTS, 'StatementClosed'>;
export type OpenedException = MessageData<typeof RECONCILIATION_EXCEPTIONS, 'ExceptionOpened'>;

const TOPICS = [LEDGER_ENTRIES, RECONCILIATION_EXCEPTIONS, RECONCILIATION_RESULTS];
const CLOSE_WITHIN_MS = 90_000;

/** Reads what finance reads: entries, closed statements, exceptions. Each counts once, however often it is sent. */
export class Finance {
  readonly #entries = new Map<string, Entry>();
  readonly #statements = new Map<string, Statement>();
  readonly #exceptions = new Map<string, OpenedException>();
  readonly #unreadable: string[] = [];
  #following: Following | undefined;

  static async start(kafka: Kafka): Promise<Finance> {
    const finance = new Finance();
    finance.#following = await follow(kafka, TOPICS, (message) => finance.#take(message));
    return finance;
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  get statements(): readonly Statement[] {
    return [...this.#statements.values()];
  }

  get exceptions(): readonly OpenedException[] {
    return [...this.#exceptions.values()];
  }

  /** Nobody but reconciliation writes here: there should be none. */
  get unreadable(): readonly string[] {
    return this.#unreadable;
  }

  /** Each payout of the gateway as a closed statement. */
  async closed(payouts: readonly string[]): Promise<void> {
    const open = () =>
      payouts.filter((id) => !this.statements.some(({ statement }) => statement === id));
    await waitFor(
      `the statements of ${payouts.join(', ')} to close`,
      async () => (open().length === 0 ? true : undefined),
      { deadlineMs: CLOSE_WITHIN_MS },
    );
  }

  async caughtUp(): Promise<void> {
    await this.#following?.caughtUp();
  }

  async close(): Promise<void> {
    await this.#following?.close();
  }

  #take({ topic, partition, message }: EachMessagePayload): void {
    const type = String(message.headers?.['ce_type'] ?? '');
    const problem = this.#read(topic, type, message.value);
    if (problem !== undefined) {
      this.#unreadable.push(`${topic}/${partition} at ${message.offset}: ${problem}`);
    }
  }

  #read(topic: string, type: string, value: Buffer | null): string | undefined {
    if (topic === LEDGER_ENTRIES) {
      const decoded = decodeMessage(LEDGER_ENTRIES, type, value);
      if (!decoded.ok) return decoded.error;
      this.#entries.set(decoded.data.entryId, decoded.data);
    } else if (topic === RECONCILIATION_RESULTS) {
      const decoded = decodeMessage(RECONCILIATION_RESULTS, type, value);
      if (!decoded.ok) return decoded.error;
      this.#statements.set(decoded.data.statementId, decoded.data);
    } else {
      const decoded = decodeMessage(RECONCILIATION_EXCEPTIONS, type, value);
      if (!decoded.ok) return decoded.error;
      if (decoded.type !== 'ExceptionOpened') return undefined;
      this.#exceptions.set(decoded.data.exceptionId, decoded.data);
    }
    return undefined;
  }
}
