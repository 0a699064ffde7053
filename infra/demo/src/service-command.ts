import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ARCHIVIST, repository } from '@paylog/local';
import { runningSystem } from './system.js';

// Runs a service's own command (its file, then its arguments) on the system of this checkout that runs now. In production
// the same file is run with these variables set.
const [file = '', ...args] = process.argv.slice(2);
try {
  const { status } = spawnSync(process.execPath, [join(repository, file), ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...environment() },
  });
  process.exitCode = status ?? 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function environment(): Record<string, string> {
  if (args.includes('--help') || process.env['ARCHIVIST_DATABASE_URL']) return {};
  const system = runningSystem();
  const { url } = system.run.postgres.databases['webhook-ingest'];
  const archivist = Object.assign(new URL(url), { username: ARCHIVIST });
  return {
    ARCHIVIST_DATABASE_URL: archivist.href,
    WEBHOOK_INGEST_URL: system.url('webhook-ingest'),
    OPERATOR_KEY: system.run.operatorKey,
  };
}
