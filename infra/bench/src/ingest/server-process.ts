import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Costs } from './instrument.js';

export interface ServerOptions {
  readonly main: string;
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Modules loaded before its main file. */
  readonly preload?: readonly string[];
  /** Flags for Node itself. */
  readonly flags?: readonly string[];
}

const INSTRUMENT = fileURLToPath(new URL('./instrument.js', import.meta.url));

/** A server under measurement, in a process of its own and in production mode. */
export class ServerProcess {
  readonly #child: ChildProcess;

  constructor({ main, logFile, environment, preload = [], flags = [] }: ServerOptions) {
    const log = openSync(logFile, 'a');
    const imports = [INSTRUMENT, ...preload].flatMap((file) => ['--import', file]);
    this.#child = fork(main, [], {
      execArgv: [...flags, ...imports],
      env: { ...process.env, ...environment, NODE_ENV: 'production' },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What a peer says when it listens. */
  async port(): Promise<number> {
    const [said] = (await once(this.#child, 'message')) as [{ port: number }];
    return said.port;
  }

  async costs(): Promise<Costs> {
    this.#child.send('costs');
    const [costs] = (await once(this.#child, 'message')) as [Costs];
    return costs;
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 6_000);
    await gone;
    clearTimeout(late);
  }
}
