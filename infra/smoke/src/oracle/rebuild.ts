import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Rebuilt } from './evidence.js';
import type { Witness } from '../witness.js';

const ENDS_WITHIN_MS = 60_000;

/** The shipped rebuild, from the one and then from the other: only one at a time may run. */
export async function rebuildBoth(witness: Witness): Promise<Rebuilt[]> {
  return [await insist(witness, 'postgres'), await insist(witness, 'kafka')];
}

/** It gives up behind a long read, and may be asked again: what fails twice has failed. */
async function insist(witness: Witness, from: Rebuilt['from']): Promise<Rebuilt> {
  const first = await rebuild(witness, from);
  return first.equal === undefined ? rebuild(witness, from) : first;
}

async function rebuild(witness: Witness, from: Rebuilt['from']): Promise<Rebuilt> {
  const script = join(witness.code, 'services', 'payment-state', 'dist', 'rebuild.js');
  const { stdout, stderr } = await run([script, '--from', from], {
    ...witness.environment,
    DATABASE_URL: witness.rebuild.url,
    DATABASE_OWNER_URL: witness.rebuild.ownerUrl,
    KAFKA_BROKERS: witness.brokers.join(','),
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) {
    return { from, equal: undefined, said: [whyIn(stderr)] };
  }
  const { equal, differences = [] } = JSON.parse(line) as {
    equal: boolean;
    differences?: { paymentId?: string; found?: string }[];
  };
  return {
    from,
    equal,
    said: differences.map(({ paymentId, found }) => `${paymentId}: ${found}`),
  };
}

/** A log line's own words, or whatever was said last. */
function whyIn(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  try {
    const { msg, err } = JSON.parse(last) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter((each) => each !== undefined).join(': ');
  } catch {
    return last;
  }
}

/** A difference is an exit code, not an error. */
function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ stdout: string; stderr: string }> {
  const options = {
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
    timeout: ENDS_WITHIN_MS,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (_error, stdout, stderr) => {
      resolve({ stdout, stderr });
    });
  });
}
