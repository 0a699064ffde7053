/** Decides when a consumer that does nothing must end. Pure: it is told the time. */
export class Standstill {
  private lastActive: number;
  private answeringSince: number;
  private lastLook: number;
  private readonly atWork = new Map<string, number>();

  constructor(
    private readonly limitMs: number,
    now: number,
  ) {
    this.lastActive = now;
    this.answeringSince = now;
    this.lastLook = now;
  }

  /** A fetch, a join, a handled batch or a handler's failure: the consumer lives. */
  active(now: number): void {
    this.lastActive = now;
  }

  /** A handler got a batch of this partition, or gets it again. */
  begin(partition: string, now: number): void {
    this.atWork.set(partition, now);
    this.lastActive = now;
  }

  end(partition: string, now: number): void {
    this.atWork.delete(partition);
    this.lastActive = now;
  }

  /** Is a handler at work? */
  busy(): boolean {
    return this.atWork.size > 0;
  }

  idleMs(now: number): number {
    return now - this.lastActive;
  }

  /**
   * Did the broker answer just now? Only time in which it kept answering counts: a broker that answers nobody is no
   * reason to exit, and after it returns the consumer gets the whole limit to find it again. A long gap between two
   * looks means that this process was frozen, not the consumer. A handler that never returns is found even while
   * other brokers' partitions move on.
   */
  look(now: number, brokerAnswers: boolean, lookEveryMs: number): 'fine' | 'standing still' {
    const wasFrozen = now - this.lastLook > 3 * lookEveryMs;
    if (!brokerAnswers || wasFrozen) this.answeringSince = now;
    if (wasFrozen) for (const partition of this.atWork.keys()) this.atWork.set(partition, now);
    this.lastLook = now;
    if ([...this.atWork.values()].some((since) => now - since > this.limitMs)) {
      return 'standing still';
    }
    const since = Math.max(this.lastActive, this.answeringSince);
    return now - since > this.limitMs ? 'standing still' : 'fine';
  }
}
