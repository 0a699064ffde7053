/** Waits, and wakes early when the signal fires. Never rejects: the caller looks at the signal. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** 100 ms, doubled up to 5 s, with a tenth of jitter so that instances don't knock in step. */
export function backoffMs(attempt: number): number {
  const base = Math.min(100 * 2 ** Math.min(attempt - 1, 10), 5_000);
  return base + Math.random() * base * 0.1;
}

/** The promise's value, or `late` when the time is over. The promise itself goes on. */
export function within<T, L>(milliseconds: number, promise: Promise<T>, late: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<L>((resolve) => {
    timer = setTimeout(resolve, milliseconds, late);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
