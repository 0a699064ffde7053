import { readFileSync } from 'node:fs';
import { protectSecret } from '@paylog/observability';
import { findSecret, missingSecret } from './secret.js';

export type SettingAnswer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

/** How one value is read from the environment. Make your own with the same shape. */
export interface Setting<T> {
  readonly name: string;
  read(env: NodeJS.ProcessEnv): SettingAnswer<T>;
}

interface Default<T> {
  readonly default?: T;
}

/** Non-empty text; `pattern` must match all of it. */
export function text(
  name: string,
  options: Default<string> & { pattern?: RegExp } = {},
): Setting<string> {
  return setting(name, options, (raw) => {
    if (options.pattern && !options.pattern.test(raw)) {
      return fault(`${name} is "${raw}"; it must match ${options.pattern}`);
    }
    return found(raw);
  });
}

/** A whole number within `min` (default 0) and `max`, both included. */
export function integer(
  name: string,
  options: Default<number> & { min?: number; max?: number } = {},
): Setting<number> {
  const min = options.min ?? 0;
  const max = options.max ?? Number.MAX_SAFE_INTEGER;
  return setting(name, options, (raw) => {
    const value = /^-?\d{1,16}$/.test(raw) ? Number(raw) : Number.NaN;
    if (value >= min && value <= max) return found(value);
    return fault(`${name} is "${raw}"; it must be a whole number from ${min} to ${max}`);
  });
}

/** A duration in milliseconds, at most what a timer can hold (24.8 days). */
export function milliseconds(name: string, options: Default<number> = {}): Setting<number> {
  return integer(name, { ...options, min: 0, max: 2 ** 31 - 1 });
}

/** One of the given words. */
export function choice<const T extends string>(
  name: string,
  choices: readonly T[],
  options: Default<NoInfer<T>> = {},
): Setting<T> {
  return setting(name, options, (raw) => {
    const chosen = choices.find((candidate) => candidate === raw);
    if (chosen !== undefined) return found(chosen);
    return fault(`${name} is "${raw}"; it must be one of ${choices.join(', ')}`);
  });
}

/** Comma-separated texts, at least one. */
export function list(
  name: string,
  options: Default<readonly string[]> = {},
): Setting<readonly string[]> {
  return setting(name, options, (raw) => {
    const items = raw.split(',').map((item) => item.trim());
    if (items.every((item) => item !== '')) return found(Object.freeze(items));
    return fault(`${name} is "${raw}"; it must be a comma-separated list without empty items`);
  });
}

/** A URL, as text. A password in it is masked in logs and never part of a fault. */
export function url(
  name: string,
  options: Default<string> & { protocols?: readonly string[] } = {},
): Setting<string> {
  return setting(name, options, (raw) => {
    const parsed = URL.canParse(raw) ? new URL(raw) : undefined;
    if (!parsed) return fault(`${name} is not a URL`);
    protectSecret(decodeURIComponent(parsed.password));
    const scheme = parsed.protocol.slice(0, -1);
    if (options.protocols && !options.protocols.includes(scheme)) {
      return fault(
        `${name} begins with ${scheme}: it must be one of ${options.protocols.join(', ')}`,
      );
    }
    return found(raw);
  });
}

/** A secret: the variable of that name, else `$SECRETS_DIR/<name>`. Never logged. */
export function secret(name: string): Setting<string> {
  return {
    name,
    read(env) {
      const value = findSecret(name, env);
      return value === undefined ? fault(missingSecret(name, env)) : found(value);
    },
  };
}

/**
 * The JSON file whose path the variable holds, through `parse`, which throws an error that says
 * what is wrong with the content. Several faults: one error with one line each.
 */
export function jsonFile<T>(
  name: string,
  parse: (content: unknown, env: NodeJS.ProcessEnv) => T,
): Setting<T> {
  return {
    name,
    read(env) {
      const path = env[name];
      if (!path) return fault(`${name} is missing: set it to the path of a JSON file`);
      try {
        return found(parse(JSON.parse(readFileSync(path, 'utf8')), env));
      } catch (error) {
        // A SyntaxError quotes the content, which may hold a secret.
        const reason = error instanceof SyntaxError ? 'it is not valid JSON' : messageOf(error);
        return fault(`${name} (${path}): ${reason}`);
      }
    },
  };
}

/** The same setting, undefined when its variable is unset or empty. Also for secrets. */
export function optional<T>(inner: Setting<T>): Setting<T | undefined> {
  return {
    name: inner.name,
    read(env) {
      if (!env[inner.name] && findSecret(inner.name, env) === undefined) return found(undefined);
      return inner.read(env);
    },
  };
}

function setting<T>(
  name: string,
  options: Default<T>,
  parse: (raw: string) => SettingAnswer<T>,
): Setting<T> {
  return {
    name,
    read(env) {
      const raw = env[name];
      if (raw !== undefined && raw !== '') return parse(raw);
      if (options.default !== undefined) return found(options.default);
      return fault(`${name} is missing: set it`);
    },
  };
}

function found<T>(value: T): SettingAnswer<T> {
  return { ok: true, value };
}

function fault(text: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: text };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
