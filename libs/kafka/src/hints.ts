import { crossing } from '@paylog/failpoints';
import type { Consumer } from 'kafkajs';
import { within } from './pause.js';

const atCommitHint = crossing('kafka.commit-hint');

const EVERY_MS = 3_000;
const LAST_ONE_WITHIN_MS = 500;

/**
 * Kafka's own offsets, committed every few seconds. Lag tools look at them and a new assignment starts its first fetch
 * there; nothing is decided by them, so a failure is passed over.
 */
export class Hints {
  private readonly dirty = new Map<string, { topic: string; partition: number; offset: string }>();
  private timer: NodeJS.Timeout | undefined;
  private committing = false;

  constructor(private readonly consumer: Consumer) {}

  start(): void {
    this.timer = setInterval(() => void this.commit(), EVERY_MS);
  }

  note(topic: string, partition: number, next: bigint): void {
    this.dirty.set(`${topic}/${partition}`, { topic, partition, offset: String(next) });
  }

  /** The partitions may be another's now; whoever has them hints. */
  forgetAll(): void {
    this.dirty.clear();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await within(LAST_ONE_WITHIN_MS, this.commit(), undefined);
  }

  private async commit(): Promise<void> {
    if (this.committing || this.dirty.size === 0) return;
    this.committing = true;
    const offsets = [...this.dirty.values()];
    this.dirty.clear();
    try {
      await atCommitHint(() => this.consumer.commitOffsets(offsets));
    } catch {
      // A rebalance, or no broker: the next handled batch makes a new hint.
    } finally {
      this.committing = false;
    }
  }
}
