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
    // Imported late: Testcontainers 12 fails at import on Node 20.
    const testcontainers = await import('testcontainers');
    const client = await testcontainers.getContainerRuntimeClient();
    return {
      host: client.info.containerRuntime.host,
      container: (image) => new testcontainers.GenericContainer(image),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
