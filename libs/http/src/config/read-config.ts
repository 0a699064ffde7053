import { maskText } from '@paylog/observability';
import type { Setting } from './settings.js';

export type ConfigSpec = Readonly<Record<string, Setting<unknown>>>;

/** The frozen, typed configuration that a spec describes. */
export type Config<S extends ConfigSpec> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

export type ConfigResult<S extends ConfigSpec> =
  | { readonly ok: true; readonly config: Config<S> }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Reads every setting; all faults at once, so that a deployment is mended in one go. */
export function parseConfig<S extends ConfigSpec>(
  spec: S,
  env: NodeJS.ProcessEnv = process.env,
): ConfigResult<S> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(spec)) {
    const answer = setting.read(env);
    if (answer.ok) values[key] = answer.value;
    else faults.push(answer.fault);
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, config: Object.freeze(values) as Config<S> };
}

/** The configuration, or the process ends with status 78 and every fault on stderr, one a line. */
export function readConfig<S extends ConfigSpec>(
  spec: S,
  env: NodeJS.ProcessEnv = process.env,
): Config<S> {
  const result = parseConfig(spec, env);
  if (result.ok) return result.config;
  const faults = result.faults.map((fault) => `  ${maskText(fault)}\n`).join('');
  process.stderr.write(`The configuration has ${result.faults.length} fault(s):\n${faults}`);
  process.exit(78); // EX_CONFIG: a supervisor need not try again.
}
