import { createHash } from 'node:crypto';
import type { Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import type { Delivery } from './evidence.js';
import { insertRejections, pruneRejections, type Rejection } from './rejections.sql.js';

/** Kept in memory until the next write; beyond, only counted: whoever sends rubbish must not fill our disk. */
const WAITING_MAX = 200;
const WRITE_EVERY_MS = 1_000;
/** Also when nobody is refused: what is seven days old must go. */
const PRUNE_EVERY_MS = 3_600_000;

/** Remembers refused deliveries for seven days, by headers and digest, so that a bad key rotation can be seen. */
export class Rejections {
  #waiting: Rejection[] = [];
  readonly #timer: NodeJS.Timeout;
  #prunedAt = 0;

  constructor(
    private readonly pool: Pool,
    private readonly logger: Logger,
  ) {
    this.#timer = setInterval(() => void this.#write(), WRITE_EVERY_MS);
  }

  keep(delivery: Delivery, reason: string): void {
    if (this.#waiting.length >= WAITING_MAX) return;
    const { gateway, account, headers, receivedAt, body } = delivery;
    const digest = createHash('sha256').update(body).digest();
    this.#waiting.push({
      receivedAt,
      gateway,
      account,
      reason,
      headers,
      digest,
      bytes: body.length,
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    const pruneDue = Date.now() - this.#prunedAt > PRUNE_EVERY_MS;
    if (batch.length === 0 && !pruneDue) return;
    this.#waiting = [];
    try {
      if (batch.length > 0) await insertRejections(this.pool, batch);
      await pruneRejections(this.pool);
      this.#prunedAt = Date.now();
    } catch (error) {
      this.logger.warn({ err: error, lost: batch.length }, 'refused deliveries not remembered');
    }
  }
}
