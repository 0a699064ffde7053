import type { TSchema } from 'typebox';
import type { Flaw } from './json.js';
import { check } from './validation.js';

/** A version of a message that is no longer written, and how its data becomes the next version's. */
export interface OlderVersion {
  readonly schema: TSchema;
  up(data: never): unknown;
}

/**
 * Versions before the present one, oldest first, by `<topic>/<type>`. No message has more than its first version yet;
 * the README says how to add a second.
 */
export const OLDER_VERSIONS: Readonly<Record<string, readonly OlderVersion[]>> = {};

/** The version that is written now: `ce_schemaversion`. */
export function currentVersion(topic: string, type: string): number {
  return older(topic, type).length + 1;
}

/** Older versions of a message, oldest first. */
export function older(topic: string, type: string): readonly OlderVersion[] {
  return OLDER_VERSIONS[`${topic}/${type}`] ?? [];
}

/** A message's present schema, the versions before it, and whether unknown fields are refused. */
export interface Versioned {
  readonly schema: TSchema;
  readonly older: readonly OlderVersion[];
  readonly mode: 'closed' | 'open';
}

/** Checks data of any known version by its own schema and brings it up, step by step, to the present one. */
export function toPresent(
  message: Versioned,
  json: unknown,
  version: number,
): { ok: true; data: unknown } | ({ ok: false } & Flaw) {
  const current = message.older.length + 1;
  if (!Number.isInteger(version) || version < 1 || version > current) {
    return {
      ok: false,
      path: '',
      error: `has schema version ${version}; known are 1 to ${current}`,
    };
  }
  let data = json;
  for (const { schema, up } of message.older.slice(version - 1)) {
    const flaw = check(schema, data, message.mode);
    if (flaw) return { ok: false, ...flaw };
    data = up(data as never);
  }
  const flaw = check(message.schema, data, message.mode);
  return flaw ? { ok: false, ...flaw } : { ok: true, data };
}
