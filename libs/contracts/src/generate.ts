import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generatedFiles, ROOT, SCHEMAS_FOLDER } from './generate/files.js';

// `npm run generate` writes the files; `-- --check` exits 1 when one is stale and names it.

const files = generatedFiles();
const stale = [...files.keys()].filter((path) => read(path) !== files.get(path));
const surplus = existing(SCHEMAS_FOLDER).filter((path) => !files.has(path));

if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`${path} is stale; run npm run generate`);
  for (const path of surplus)
    console.error(`${path} is of no message any more; run npm run generate`);
  process.exitCode = stale.length + surplus.length > 0 ? 1 : 0;
} else {
  for (const path of stale) write(path, files.get(path) ?? '');
  for (const path of surplus) rmSync(new URL(path, ROOT));
  console.log(`${files.size} files, ${stale.length} written, ${surplus.length} removed`);
}

function read(path: string): string | undefined {
  const url = new URL(path, ROOT);
  return existsSync(url) ? readFileSync(url, 'utf8') : undefined;
}

function existing(folder: string): string[] {
  const path = fileURLToPath(new URL(folder, ROOT));
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => folder + name.replaceAll('\\', '/'));
}

function write(path: string, content: string): void {
  const url = new URL(path, ROOT);
  mkdirSync(new URL('.', url), { recursive: true });
  writeFileSync(url, content);
}
