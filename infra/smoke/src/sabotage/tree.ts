import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { repository, stateFolder } from '@paylog/local';
import { applyTo } from './patch.js';

/** Sources without one of their defences, built. */
export interface SabotagedCode {
  /** The folder that holds `services/`, for `startSystem`. */
  readonly code: string;
  close(): Promise<void>;
}

const SOURCES = ['libs', 'services'];
/** A package is called as its folder is. */
const SCOPE = '@paylog';

/**
 * A copy of today's sources with one patch, compiled. Nothing that ships can switch a defence off: what is tested is
 * other code.
 */
export async function openSabotage(name: string): Promise<SabotagedCode> {
  const above = join(stateFolder, 'sabotage');
  mkdirSync(above, { recursive: true });
  const code = mkdtempSync(join(above, `${name}-`));
  const close = async () => rmSync(code, { recursive: true, force: true, maxRetries: 5 });
  try {
    copySources(code);
    applyTo(code, name);
    linkPackages(code);
    await compile(code);
    return { code, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** With what was built, and with the times of everything: the compiler has to do only what the patch changes. */
function copySources(to: string): void {
  const filter = (path: string) => basename(path) !== 'node_modules' && !path.endsWith('.spec.ts');
  for (const source of [...SOURCES, 'tsconfig.base.json']) {
    const options = { recursive: true, preserveTimestamps: true, filter };
    cpSync(join(repository, source), join(to, source), options);
  }
}

/** Packages from the registry are the checkout's, ours are the copy's. */
function linkPackages(root: string): void {
  const modules = join(root, 'node_modules');
  mkdirSync(join(modules, SCOPE), { recursive: true });
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (name === SCOPE || name.startsWith('.')) continue;
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
  for (const folder of SOURCES.flatMap((source) => foldersIn(root, source))) {
    symlinkSync(join(root, folder), join(modules, SCOPE, basename(folder)));
  }
}

function foldersIn(root: string, source: string): string[] {
  return readdirSync(join(root, source)).map((name) => join(source, name));
}

async function compile(root: string): Promise<void> {
  const bin = join(repository, 'node_modules', '.bin');
  const compiler = spawn('tsc', ['-b', ...foldersIn(root, 'services')], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  compiler.stdout.on('data', (data) => (said += data));
  compiler.stderr.on('data', (data) => (said += data));
  const code = await new Promise<number | null>((resolve, reject) => {
    compiler.once('error', reject);
    compiler.once('close', resolve);
  });
  if (code !== 0) throw new Error(`the sabotaged sources do not compile:\n${said}`);
}
