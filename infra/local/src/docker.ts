import type { GenericContainer } from 'testcontainers';

/** A container engine that answers, through Testcontainers. */
export interface Engine {
  host: string;
  container(image: string): GenericContainer;
}

let probed: Promise<Engine | string> | undefined;

/** The engine, or the reason why there is none. The command line tool alone proves nothing, so the engine is asked. */
export function probeEngine(): Promise<Engine | string> {
  probed ??= probe();
  return probed;
}

async function probe(): Promise<Engine | string> {
  try {
    const testcontainers = await importQuietly();
    const client = await testcontainers.getContainerRuntimeClient();
    return {
      host: client.info.containerRuntime.host,
      container: (image) => new testcontainers.GenericContainer(image),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Imported late, because Testcontainers 12 fails at import on Node 20; and without the signal handlers it brings (for
 * lock files), which end the process before the handlers of whoever uses us have run.
 */
async function importQuietly(): Promise<typeof import('testcontainers')> {
  const before = new Map(SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))]));
  try {
    return await import('testcontainers');
  } finally {
    for (const [signal, known] of before) {
      for (const listener of process.listeners(signal)) {
        if (!known.has(listener)) process.off(signal, listener);
      }
    }
  }
}
