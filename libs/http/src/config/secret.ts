import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protectSecret } from '@paylog/observability';

/**
 * The value of a named secret: the environment variable of that name, else the file
 * `$SECRETS_DIR/<name>` without its trailing newline. Undefined when neither exists. The value is
 * masked in every log line from here on.
 */
export function findSecret(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const value = env[name] || fromFile(name, env['SECRETS_DIR']);
  if (!value) return undefined;
  protectSecret(value);
  return value;
}

/** As `findSecret`, but a missing secret is an error that says where it was looked for. */
export function readSecret(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const value = findSecret(name, env);
  if (value !== undefined) return value;
  throw new Error(missingSecret(name, env));
}

export function missingSecret(name: string, env: NodeJS.ProcessEnv): string {
  const dir = env['SECRETS_DIR'];
  return dir
    ? `secret ${name} is missing: set the variable ${name} or write the file ${join(dir, name)}`
    : `secret ${name} is missing: set the variable ${name}, or SECRETS_DIR with such a file`;
}

function fromFile(name: string, dir: string | undefined): string | undefined {
  // A secret's name comes from a configuration file: it must not lead out of the directory.
  if (!dir || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return undefined;
  try {
    return readFileSync(join(dir, name), 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
