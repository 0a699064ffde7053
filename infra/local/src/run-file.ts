import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStart } from '../process-start.mjs';
import { stateFolder } from './places.js';
import type { DatabaseUrls } from './provision.js';
import type { Source } from './postgres.js';
import type { ServiceName, StatefulService } from './services.js';

/** Where everything of a running system is: what `npm run up -- --json` prints, and other commands read. */
export interface Run {
  readonly pid: number;
  readonly startedAt: string;
  readonly services: Readonly<Record<ServiceName, readonly string[]>>;
  readonly kafka: { readonly source: Source; readonly brokers: readonly string[] };
  readonly postgres: {
    readonly source: Source;
    /** Connects as superuser. */
    readonly url: string;
    readonly databases: Readonly<Record<StatefulService, DatabaseUrls>>;
  };
  readonly apiKey: string;
  readonly operatorKey: string;
  readonly logs: string;
  /** The folder of its configuration and secrets. */
  readonly configuration: string;
}

interface Announced extends Run {
  readonly processStart: string | undefined;
}

const file = join(stateFolder, 'run.json');

/** The system of this checkout that runs now, or undefined. */
export function readRun(): Run | undefined {
  if (!existsSync(file)) return undefined;
  const { processStart: started, ...run } = JSON.parse(readFileSync(file, 'utf8')) as Announced;
  // A file that a killed supervisor left behind, when its pid is free or somebody else's.
  if (started === undefined || processStart(run.pid) !== started) return undefined;
  return run;
}

/** Refuses when another system of this checkout runs: commands could not tell which one is meant. */
export function refuseSecondRun(): void {
  const run = readRun();
  if (run === undefined) return;
  throw new Error(
    `A system of this checkout is up already (pid ${run.pid}); stop it with \`npm run down\``,
  );
}

/** Lets other commands find this system, until `withdraw` is called or this process ends. */
export function announce(run: Run): void {
  mkdirSync(stateFolder, { recursive: true });
  const announced: Announced = { ...run, processStart: processStart(run.pid) };
  writeFileSync(file, `${JSON.stringify(announced, null, 2)}\n`, { mode: 0o600 });
}

export function withdraw(run: Run): void {
  if (readRun()?.pid === run.pid) rmSync(file, { force: true });
}
