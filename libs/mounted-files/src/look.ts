import { lstat, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What one look at a mounted file showed. */
export type Look =
  | { readonly kind: 'text'; readonly text: string }
  /** Its directory is there and holds nothing of this name: somebody took it away. */
  | { readonly kind: 'gone' }
  /** Half written, not to be read, its mount away: it says nothing about what should count. */
  | { readonly kind: 'unusable'; readonly why: string };

const BYTES_MAX = 1024 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a file that somebody else replaces whenever they like. Never throws. */
export async function lookAt(path: string): Promise<Look> {
  try {
    return textIn(await readFile(path));
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT') return unusable(`it can't be read: ${code}`);
  }
  return (await isLink(path))
    ? unusable('it is a link that leads nowhere')
    : (await isDirectory(dirname(path)))
      ? { kind: 'gone' }
      : unusable('its directory is away');
}

/** The same for bytes that were read otherwise. White space around a secret is an editor's. */
export function textIn(bytes: Uint8Array): Look {
  if (bytes.length > BYTES_MAX) return unusable(`it is larger than ${BYTES_MAX} bytes`);
  try {
    const text = utf8.decode(bytes).trim();
    return text === '' ? unusable('it is empty') : { kind: 'text', text };
  } catch {
    return unusable('it is not UTF-8');
  }
}

const unusable = (why: string): Look => ({ kind: 'unusable', why });

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
