import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '@paylog/local';
import type { RunningSystem } from './system.js';

export const SOURCES = ['postgres', 'kafka'] as const;
export type Source = (typeof SOURCES)[number];

/** What `services/payment-state/dist/rebuild.js` prints. */
export interface Rebuilt {
  readonly from: Source;
  readonly payments: number;
  readonly equal: boolean;
  readonly differences: readonly unknown[];
}

/** Folds every payment anew, from the log or from the topic, and compares with what payment-state answers. */
export async function rebuildPayments(system: RunningSystem, from: Source): Promise<Rebuilt> {
  const { kafka, postgres } = system.run;
  const script = join(repository, 'services', 'payment-state', 'dist', 'rebuild.js');
  const { stdout, stderr, exitCode } = await run([script, '--from', from], {
    DATABASE_OWNER_URL: postgres.databases['payment-state'].ownerUrl,
    DATABASE_URL: postgres.databases['payment-state'].url,
    KAFKA_BROKERS: kafka.brokers.join(','),
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) {
    const why = stderr.trim().split('\n').slice(-5).join('\n');
    throw new Error(`The rebuild from ${from} ended with ${exitCode} and no result:\n${why}`);
  }
  return JSON.parse(line) as Rebuilt;
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | string | undefined;
}

/** A difference is an exit code, not an error of ours. */
function run(args: readonly string[], environment: Record<string, string>): Promise<Ended> {
  const env = { ...process.env, ...environment };
  const maxBuffer = 64 * 1024 * 1024;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, maxBuffer }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, exitCode: error === null ? 0 : (error.code ?? undefined) });
    });
  });
}
