import { gauge } from '@paylog/observability';
import type { Pool } from 'pg';
import { EVIDENCE_LANES } from '../ingest/evidence.js';
import { newestWebhooks } from './missed.sql.js';

const silence = gauge(
  'paylog_webhook_silence_seconds',
  'Since the last webhook of an account came, or since this process started',
  ['account'],
);

/** Rows a lane that are looked at first: an account without a webhook among them has been silent since our start. */
const FIRST_ROWS = 10_000n;

/** How long no webhook of an account has come, to any replica: evidence itself is asked. */
export class Silence {
  readonly #startedMs: number;
  /** By account, in ms since the epoch. */
  readonly #newest = new Map<string, number>();
  readonly #next: (bigint | undefined)[] = Array.from({ length: EVIDENCE_LANES }, () => undefined);

  constructor(
    private readonly pool: Pool,
    private readonly heads: () => Promise<
      readonly { readonly lane: number; readonly next: bigint }[]
    >,
    private readonly accounts: () => readonly string[],
    /** 0: never an alarm. */
    private readonly limitMs: number,
    private readonly now: () => number = Date.now,
  ) {
    this.#startedMs = now();
  }

  async look(): Promise<void> {
    if (this.#next.includes(undefined)) {
      for (const { lane, next } of await this.heads()) {
        this.#next[lane] = next > FIRST_ROWS ? next - FIRST_ROWS : 0n;
      }
    }
    for (const [lane, from] of this.#next.entries()) {
      if (from === undefined) continue;
      const { newest, next } = await newestWebhooks(this.pool, lane, from);
      this.#next[lane] = next;
      for (const each of newest) this.#heard(each.source, Date.parse(each.newest));
    }
    for (const account of this.accounts())
      silence.set({ account }, this.#silentMs(account) / 1_000);
  }

  /** Accounts of which nothing has come for longer than the limit. */
  silent(): readonly string[] {
    if (this.limitMs === 0) return [];
    return this.accounts().filter((account) => this.#silentMs(account) > this.limitMs);
  }

  #heard(source: string, at: number): void {
    const account = source.slice(source.indexOf('/') + 1);
    this.#newest.set(account, Math.max(at, this.#newest.get(account) ?? 0));
  }

  #silentMs(account: string): number {
    return Math.max(0, this.now() - (this.#newest.get(account) ?? this.#startedMs));
  }
}
