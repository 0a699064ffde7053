import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** How a child process is started and how it is asked to end. */
export interface ChildOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** Both output streams are appended to this file. */
  logFile: string;
  /** The signal that makes it end in good order. */
  stopSignal: NodeJS.Signals;
}

/** A child process that ends when we end, whatever ends us. */
export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  running(): boolean;
  /** Asks it to end, and kills it when it has not ended after `graceMs`. */
  stop(graceMs?: number): Promise<Exit>;
  /** Kill -9, and waits until it is gone. */
  kill(): Promise<Exit>;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Starts a process in a process group of its own, so that Ctrl-C reaches us first and we end it in order. */
export function startChild(command: string, args: readonly string[], options: ChildOptions): Child {
  const log = openSync(options.logFile, 'a');
  const process = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    uid: options.uid,
    gid: options.gid,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = exitOf(process, command);
  const { pid } = process;
  if (pid !== undefined) {
    tellGuardian({ guard: pid, stopSignal: options.stopSignal });
    void exited.then(() => tellGuardian({ release: pid }));
  }
  const running = () =>
    pid !== undefined && process.exitCode === null && process.signalCode === null;
  return {
    pid: pid ?? -1,
    exited,
    running,
    async stop(graceMs = 10_000) {
      if (!running()) return exited;
      process.kill(options.stopSignal);
      process.kill('SIGCONT'); // A frozen one would not hear it.
      const late = setTimeout(() => process.kill('SIGKILL'), graceMs);
      return exited.finally(() => clearTimeout(late));
    },
    async kill() {
      if (running()) process.kill('SIGKILL');
      return exited;
    },
  };
}

/** Removes a folder when this process ends, after everything it started has ended. */
export function removeAtEnd(folder: string): void {
  tellGuardian({ removeAtEnd: folder });
}

function exitOf(process: ChildProcess, command: string): Promise<Exit> {
  return new Promise((resolve) => {
    process.once('exit', (code, signal) => resolve({ code, signal }));
    process.once('error', (error) => {
      if (process.pid !== undefined) return;
      globalThis.process.stderr.write(`${command} could not be started: ${error.message}\n`);
      resolve({ code: 127, signal: null });
    });
  });
}

let guardian: Writable | undefined;

function tellGuardian(order: Record<string, unknown>): void {
  guardian ??= startGuardian();
  guardian.write(`${JSON.stringify(order)}\n`);
}

function startGuardian(): Writable {
  const script = fileURLToPath(new URL('../guardian.mjs', import.meta.url));
  const watch = spawn(process.execPath, [script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.unref();
  watch.stdin.on('error', () => {
    guardian = undefined; // It was killed by somebody: the next order starts another one.
  });
  // The pipe must not keep us alive: its end is the signal.
  (watch.stdin as Writable & { unref?: () => void }).unref?.();
  return watch.stdin;
}
