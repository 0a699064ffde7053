/** Something went wrong that is not an answer: try again later (`transient`) or call a person. */
export class LogFault extends Error {
  constructor(
    readonly code:
      | 'database_unavailable'
      | 'outcome_unknown'
      | 'contention'
      | 'lane_closed'
      | 'lane_diverged'
      | 'not_durable'
      | 'flush_too_large'
      | 'flush_failed'
      | 'overloaded',
    readonly transient: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LogFault';
  }
}

/** The queue before the log is full: answer 503 with Retry-After. */
export class Overloaded extends LogFault {
  readonly retryAfterSeconds = 1;

  constructor(queued: number) {
    super('overloaded', true, `${queued} appends are waiting already; try again in a second`);
    this.name = 'Overloaded';
  }
}
