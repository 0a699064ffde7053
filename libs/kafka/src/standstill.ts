/** Decides when a consumer that does nothing must end. Pure: it is told the time. */
export class Standstill {
  private lastActive: number;
  private answeringSince: number;
  private lastLook: number;

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

  idleMs(now: number): number {
    return now - this.lastActive;
  }

  /**
   * Did the broker answer just now? Only time in which it kept answering counts: a broker that answers nobody is no
   * reason to exit, and after it returns the consumer gets the whole limit to find it again. A long gap between two
   * looks means that this process was frozen, not the consumer.
   */
  look(now: number, brokerAnswers: boolean, lookEveryMs: number): 'fine' | 'standing still' {
    const wasFrozen = now - this.lastLook > 3 * lookEveryMs;
    if (!brokerAnswers || wasFrozen) this.answeringSince = now;
    this.lastLook = now;
    const since = Math.max(this.lastActive, this.answeringSince);
    return now - since > this.limitMs ? 'standing still' : 'fine';
  }
}
