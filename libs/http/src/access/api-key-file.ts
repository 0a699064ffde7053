import { readFileSync } from 'node:fs';
import { followFiles } from '@paylog/mounted-files';
import type { Logger } from '@paylog/observability';
import type { Setting } from '../config/settings.js';
import { type ApiKey, ApiKeys } from './api-keys.js';

export interface FollowTimes {
  /** As `followFiles` of `@paylog/mounted-files` has them. */
  readonly everyMs?: number;
  readonly settleMs?: number;
}

/** Knows whose key one is. */
export interface KeyFinder {
  find(presented: string): ApiKey | undefined;
}

/**
 * The file of API keys, read anew while a process runs. A file that is gone, half written or wrong leaves the keys that
 * were read last, aloud: a slip of whoever mounts it must not lock every storefront out.
 */
export class ApiKeyFile implements KeyFinder {
  #keys: ApiKeys;
  #text: string;
  #trouble: string | undefined;
  #unusable = (): string | undefined => undefined;

  /** Throws an error that says what is wrong with the content. */
  constructor(private readonly path: string) {
    this.#text = readFileSync(path, 'utf8').trim();
    this.#keys = ApiKeys.parse(JSON.parse(this.#text));
  }

  find(presented: string): ApiKey | undefined {
    return this.#keys.find(presented);
  }

  /** Why the file can't be used as it lies there now. */
  trouble(): string | undefined {
    return this.#unusable() ?? this.#trouble;
  }

  /** From now on the keys are those that the file lists at the moment. */
  follow(logger: Logger, times: FollowTimes = {}): { stop(): void } {
    const followed = followFiles({
      files: () => [this.path],
      initial: new Map([[this.path, this.#text]]),
      changed: (texts) => this.#read(texts.get(this.path), logger),
      logger,
      ...times,
    });
    this.#unusable = () => followed.troubles().get(this.path);
    return followed;
  }

  #read(text: string | undefined, logger: Logger): void {
    try {
      if (text === undefined) throw new Error('it is gone');
      this.#keys = ApiKeys.parse(JSON.parse(text));
      this.#text = text;
      this.#trouble = undefined;
      logger.info({ file: this.path }, 'API keys read');
    } catch (error) {
      // A SyntaxError quotes the content.
      this.#trouble = error instanceof SyntaxError ? 'it is not valid JSON' : messageOf(error);
      const fields = { file: this.path, why: this.#trouble };
      logger.warn(fields, 'API keys can’t be read; those read last stand');
    }
  }
}

/** The file of API keys whose path the variable holds. */
export function apiKeyFile(name: string): Setting<ApiKeyFile> {
  return {
    name,
    read(env) {
      const path = env[name];
      if (!path)
        return { ok: false, fault: `${name} is missing: set it to the path of a JSON file` };
      try {
        return { ok: true, value: new ApiKeyFile(path) };
      } catch (error) {
        const why = error instanceof SyntaxError ? 'it is not valid JSON' : messageOf(error);
        return { ok: false, fault: `${name} (${path}): ${why}` };
      }
    },
  };
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
