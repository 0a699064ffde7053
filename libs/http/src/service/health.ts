/** `degraded`: works, but something it catches up with later is away. Ready all the same. */
export type ProbeAnswer = 'up' | 'degraded' | 'down';

export interface HealthReport {
  readonly status: ProbeAnswer | 'stopping';
  readonly checks: Readonly<Record<string, ProbeAnswer>>;
}

/** A probe that has not answered after this many milliseconds counts as down. */
const PROBE_MS = 1_000;

/** What `/health/ready` asks. One per process; parts add their probes when they are made. */
export class Health {
  private readonly probes = new Map<string, () => Promise<ProbeAnswer> | ProbeAnswer>();
  private readonly stopper = new AbortController();

  /** Aborted when shutdown begins: a handler with an endless answer (a stream) ends it then. */
  readonly stopping: AbortSignal = this.stopper.signal;

  /** A probe that throws or hangs is `down`. Adding a name again replaces its probe. */
  add(name: string, probe: () => Promise<ProbeAnswer> | ProbeAnswer): void {
    this.probes.set(name, probe);
  }

  /** From now on not ready. */
  stop(): void {
    this.stopper.abort();
  }

  async report(): Promise<HealthReport> {
    const entries = await Promise.all(
      [...this.probes].map(async ([name, probe]) => [name, await ask(probe)] as const),
    );
    const answers = entries.map(([, answer]) => answer);
    return {
      status: this.stopping.aborted ? 'stopping' : worst(answers),
      checks: Object.fromEntries(entries),
    };
  }
}

function worst(answers: readonly ProbeAnswer[]): ProbeAnswer {
  if (answers.includes('down')) return 'down';
  return answers.includes('degraded') ? 'degraded' : 'up';
}

async function ask(probe: () => Promise<ProbeAnswer> | ProbeAnswer): Promise<ProbeAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeAnswer>((resolve) => {
    timer = setTimeout(() => resolve('down'), PROBE_MS);
  });
  try {
    return await Promise.race([(async () => probe())(), late]);
  } catch {
    return 'down';
  } finally {
    clearTimeout(timer);
  }
}
