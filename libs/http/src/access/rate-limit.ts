const CALLERS_MAX = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket a caller, in this process's memory: a guard against floods, not an accounting. */
export class RateLimit {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly perSecond: number,
    private readonly burst = perSecond * 2,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** 0 when the caller may go on, else the whole seconds until it may. */
  take(caller: string): number {
    const at = this.now();
    const old = this.buckets.get(caller) ?? { tokens: this.burst, at };
    const tokens = Math.min(this.burst, old.tokens + ((at - old.at) / 1_000) * this.perSecond);
    const allowed = tokens >= 1;
    // Set anew, so that the map's order is by last use and the oldest is the one to forget.
    this.buckets.delete(caller);
    this.buckets.set(caller, { tokens: allowed ? tokens - 1 : tokens, at });
    this.forgetOldest();
    return allowed ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.perSecond));
  }

  private forgetOldest(): void {
    if (this.buckets.size <= CALLERS_MAX) return;
    const { value } = this.buckets.keys().next();
    if (value !== undefined) this.buckets.delete(value);
  }
}
