import type { Logger } from '@paylog/observability';

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => unknown;
}

/** One after another. A step that fails is logged and does not keep the others from running. */
export async function runSteps(steps: readonly ShutdownStep[], logger: Logger): Promise<boolean> {
  let clean = true;
  for (const { name, run } of steps) {
    const started = performance.now();
    try {
      await run();
      logger.debug({ step: name, ms: Math.round(performance.now() - started) }, 'shutdown step');
    } catch (error) {
      clean = false;
      logger.error({ step: name, err: error }, 'shutdown step failed');
    }
  }
  return clean;
}

/** Whether the promise settles within this many milliseconds; its error stays its own. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = promise.then(
    () => true as const,
    () => true as const,
  );
  const inTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return inTime;
}
