import { readFileSync } from 'node:fs';
import type { System } from '@paylog/local';

export interface ProcessMemory {
  readonly instance: string;
  /** Megabytes: before the flood, at most, and after everything was handled. */
  readonly before: number;
  readonly peak: number;
  readonly after: number;
}

const EVERY_MS = 500;

/** Looks at the resident memory of every process of a system, again and again. */
export class MemoryWatch {
  readonly #before = new Map<string, number>();
  readonly #peak = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly system: System,
    signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => clearInterval(this.#timer));
  }

  start(): void {
    for (const [instance, megabytes] of this.#look()) this.#before.set(instance, megabytes);
    this.#timer = setInterval(() => {
      for (const [instance, megabytes] of this.#look()) {
        this.#peak.set(instance, Math.max(megabytes, this.#peak.get(instance) ?? 0));
      }
    }, EVERY_MS);
  }

  stop(): ProcessMemory[] {
    clearInterval(this.#timer);
    return this.#look().map(([instance, after]) => ({
      instance,
      before: this.#before.get(instance) ?? 0,
      peak: Math.max(after, this.#peak.get(instance) ?? 0),
      after,
    }));
  }

  #look(): [string, number][] {
    return this.system
      .status()
      .flatMap(({ instance, pid }) => (pid === undefined ? [] : [[instance, residentOf(pid)]]));
  }
}

function residentOf(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kilobytes ?? 0) / 1_024);
  } catch {
    return 0; // It has ended, which is noticed elsewhere.
  }
}
