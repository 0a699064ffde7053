import { readFileSync } from 'node:fs';
import { GatewayFault } from './fault.js';

/** What a check says of a file's content. */
export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/** The content of a file of configuration. Throws a `GatewayFault` with everything that is wrong. */
export function parseJson<T>(
  text: string,
  file: string,
  what: string,
  check: (value: unknown) => Checked<T>,
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw configurationFault(file, what, [cause instanceof Error ? cause.message : String(cause)]);
  }
  const checked = check(value);
  if (!checked.ok) throw configurationFault(file, what, checked.problems);
  return checked.value;
}

export function readFileOf(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw configurationFault(file, what, [cause instanceof Error ? cause.message : String(cause)]);
  }
}

export function describe(errors: readonly { instancePath: string; message: string }[]): string[] {
  return errors.map((error) => `${error.instancePath || '/'} ${error.message}`);
}

export function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((each, index) => names.indexOf(each) !== index))];
}

export function configurationFault(
  file: string,
  what: string,
  problems: readonly string[],
): GatewayFault {
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new GatewayFault('configuration', `The ${what} file ${file} can't be used:${list}`, false);
}
