import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { counter, gauge } from '@paylog/observability';
import { type Held, hold } from './held.js';
import { lookAt } from './look.js';

export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Content by path; a file that is not there is absent. */
export type Texts = ReadonlyMap<string, string>;

export interface FollowOptions {
  /** Which files count, given what is known of them: one may name others. */
  readonly files: (texts: Texts) => readonly string[];
  /** What is in use already. */
  readonly initial: Texts;
  /** Called when the content of a file that counts has become another, has appeared or is gone. */
  readonly changed: (texts: Texts) => void;
  readonly logger: Logger;
  /** The net under the file system's own news. Default 5 s. */
  readonly everyMs?: number;
  /** A content counts when it is still there so much later. Default 200 ms. */
  readonly settleMs?: number;
}

export interface Followed {
  /** Files that can't be used as they lie there, and why; their last good content stands. */
  troubles(): ReadonlyMap<string, string>;
  stop(): void;
}

/** News of one replacement come in bursts. */
const GATHER_MS = 20;

const changes = counter('paylog_mounted_file_changes_total', 'Changes of mounted files taken', [
  'file',
  'change',
]);
const unusable = gauge(
  'paylog_mounted_file_unusable',
  '1: the file can’t be used as it lies there, and its last good content stands',
  ['file'],
);

/**
 * Follows files that others mount and replace: by the file system's news, and by a look every `everyMs` for mounts that
 * send none. A change counts `everyMs + 2 * settleMs` after it was made at the latest, mostly after `settleMs`.
 */
export function followFiles(options: FollowOptions): Followed {
  const following = new Following(options);
  following.start();
  return following;
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string;
}

class Following implements Followed {
  readonly #options: FollowOptions;
  readonly #everyMs: number;
  readonly #settleMs: number;
  readonly #held = new Map<string, Held>();
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #stopped = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 5_000;
    this.#settleMs = options.settleMs ?? 200;
    for (const [path, text] of options.initial) this.#held.set(path, { text });
  }

  start(): void {
    void this.#round();
  }

  troubles(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#held].flatMap(([path, { trouble }]) =>
        trouble === undefined ? [] : [[path, trouble]],
      ),
    );
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#round(), ms);
    this.#timer.unref();
  }

  #news(): void {
    if (this.#looking) this.#again = true;
    else this.#lookIn(GATHER_MS);
  }

  async #round(): Promise<void> {
    this.#looking = true;
    this.#again = false;
    try {
      await this.#watchDirectories();
      while (await this.#look());
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'mounted files not looked at');
    } finally {
      this.#looking = false;
    }
    const open = [...this.#held.values()].some(({ next }) => next !== undefined);
    this.#lookIn(this.#again ? GATHER_MS : open ? this.#settleMs : this.#everyMs);
  }

  /** Looks at every file that counts; true when another file may count now. */
  async #look(): Promise<boolean> {
    const wanted = new Set(this.#options.files(this.#texts()));
    for (const path of this.#held.keys()) if (!wanted.has(path)) this.#forget(path);
    const looks = await Promise.all(
      [...wanted].map(async (path) => [path, await lookAt(path)] as const),
    );
    if (this.#stopped) return false;
    let changed = false;
    for (const [path, look] of looks) {
      const before = this.#held.get(path) ?? { text: undefined };
      const after = hold(before, look, performance.now(), this.#settleMs);
      this.#held.set(path, after);
      if (after.trouble !== before.trouble) this.#tellTrouble(path, before, after);
      if (after.text === before.text) continue;
      this.#tellChange(path, before, after);
      changed = true;
    }
    if (changed) this.#options.changed(this.#texts());
    return changed;
  }

  #texts(): Texts {
    return new Map(
      [...this.#held].flatMap(([path, { text }]) => (text === undefined ? [] : [[path, text]])),
    );
  }

  #forget(path: string): void {
    this.#held.delete(path);
    unusable.remove({ file: basename(path) });
  }

  #tellChange(path: string, before: Held, after: Held): void {
    const change =
      after.text === undefined ? 'gone' : before.text === undefined ? 'appeared' : 'replaced';
    changes.inc({ file: basename(path), change });
    this.#options.logger.info({ file: path, change }, 'mounted file changed');
  }

  #tellTrouble(path: string, before: Held, { trouble, text }: Held): void {
    unusable.set({ file: basename(path) }, trouble === undefined ? 0 : 1);
    const fields = { file: path, why: trouble ?? before.trouble };
    if (trouble === undefined) {
      this.#options.logger.info(fields, 'mounted file can be used again');
    } else {
      const stands = text === undefined ? 'there is none before it' : 'what was read last stands';
      this.#options.logger.warn(fields, `mounted file can't be used; ${stands}`);
    }
  }

  /** A directory that was replaced as a whole is another one, and the news of the old one end. */
  async #watchDirectories(): Promise<void> {
    const wanted = new Set(this.#options.files(this.#texts()).map((path) => dirname(path)));
    for (const [directory, { watcher }] of this.#watched) {
      if (wanted.has(directory)) continue;
      watcher.close();
      this.#watched.delete(directory);
    }
    for (const directory of wanted) {
      const identity = await identityOf(directory);
      const old = this.#watched.get(directory);
      if (this.#stopped || old?.identity === identity) continue;
      old?.watcher.close();
      this.#watched.delete(directory);
      if (identity !== undefined) this.#watch(directory, identity);
    }
  }

  #watch(directory: string, identity: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#news());
      // Then there is the net.
      watcher.on('error', () => this.#watched.delete(directory));
      this.#watched.set(directory, { watcher, identity });
    } catch (error) {
      this.#options.logger.warn({ err: error, directory }, 'no news of mounted files');
    }
  }
}

async function identityOf(directory: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(directory);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
