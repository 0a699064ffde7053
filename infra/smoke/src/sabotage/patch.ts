import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyPatch, parsePatch } from 'diff';

/** Beside the sources, also when this runs from `dist/`. */
const PATCHES = fileURLToPath(new URL('../../src/sabotage/patches/', import.meta.url));
const SUFFIX = '.patch';

/** The names of all patches there are. */
export function patchNames(): string[] {
  return readdirSync(PATCHES)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/** The unified diff of a switch, with a preface that says what it takes away. */
export function readPatch(name: string): string {
  return readFileSync(join(PATCHES, `${name}${SUFFIX}`), 'utf8');
}

/** A file as it is after a patch. */
export interface Patched {
  /** Relative to the root of the sources. */
  readonly path: string;
  readonly text: string;
}

/** What a patch makes of the sources below `root`; throws where they are no longer what it was made for. */
export function patched(name: string, root: string): Patched[] {
  return parsePatch(unified(readPatch(name))).map((file) => {
    const path = (file.newFileName ?? '').replace(/^b\//, '');
    const text = applyPatch(readFileSync(join(root, path), 'utf8'), file);
    if (text !== false) return { path, text };
    throw new Error(`${name}${SUFFIX} no longer fits ${path}: make it anew from today's sources`);
  });
}

/** Changes the sources below `root`. */
export function applyTo(root: string, name: string): void {
  for (const { path, text } of patched(name, root)) writeFileSync(join(root, path), text);
}

/** Without the preface. */
function unified(patch: string): string {
  return patch.slice(patch.indexOf('--- a/'));
}
