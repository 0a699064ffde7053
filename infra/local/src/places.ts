import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const repository = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/** Everything the local stack keeps: data, logs, secrets. Ignored by git, wiped by `npm run nuke`. */
export const stateFolder = join(repository, '.paylog');

/**
 * Where the checkout's own system keeps its data. Not under `.paylog/` when we are root and nobody else could walk
 * there: Postgres refuses to run as root.
 */
export function stackFolder(): string {
  if (process.getuid?.() !== 0 || isTraversable(stateFolder)) return stateFolder;
  const checkout = createHash('sha256').update(repository).digest('hex').slice(0, 12);
  return join(tmpdir(), `paylog-${checkout}`);
}

/** Downloads that several checkouts share. */
export const cacheFolder = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'paylog',
);

/** Can a user without any right of its own walk to this folder? */
export function isTraversable(folder: string): boolean {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** A new folder for a system of a test or a demo. */
export function newFolder(prefix: string): string {
  const above = stackFolder();
  mkdirSync(above, { recursive: true });
  return readable(mkdtempSync(join(above, `${prefix}-`)));
}

/** Makes a folder once, also when several processes try at the same time: filled aside, then renamed into place. */
export function makeOnce(folder: string, fill: (aside: string) => void): string {
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const aside = readable(mkdtempSync(`${folder}.`));
  try {
    fill(aside);
    renameSync(aside, folder);
  } catch (error) {
    // Somebody else was faster when the folder is there now.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return folder;
}

/** A temporary folder is its owner's alone at first; a server under another user must be able to walk through. */
function readable(folder: string): string {
  chmodSync(folder, 0o755);
  return folder;
}

/** A copy of a folder that every user can read, made once. */
export function readableCopy(from: string, name: string): string {
  return makeOnce(join(tmpdir(), name), (aside) => {
    cpSync(from, join(aside, 'copy'), { recursive: true, verbatimSymlinks: true });
  });
}
