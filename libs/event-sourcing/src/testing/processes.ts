import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that a spec starts, freezes, kills and holds to its word. */
export class Worker {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(role: 'append' | 'relay' | 'follow', job: object, failpoint?: string) {
    const script = new URL('../../dist/testing/worker.js', import.meta.url);
    this.#child = spawn(process.execPath, [script.pathname, role, JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(failpoint !== undefined && { PAYLOG_FAILPOINT: failpoint }) },
    });
    if (this.#child.stdout) {
      createInterface(this.#child.stdout).on('line', (line) => this.lines.push(line));
    }
    this.#child.stderr?.on('data', (data: Buffer) => this.errors.push(data.toString()));
    this.exited = new Promise((resolve) => this.#child.on('close', resolve));
  }

  readonly errors: string[] = [];

  get acked(): string[] {
    return this.lines.filter((line) => line.startsWith('acked ')).map((line) => line.slice(6));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it if it still runs: for the end of a spec. */
  async end(): Promise<void> {
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
