import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../boundaries.mjs', import.meta.url));
const wrong = fileURLToPath(new URL('../fixtures/wrong', import.meta.url));

function check(...args: string[]): { status: number | null; lines: string[] } {
  const ran = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  return { status: ran.status, lines: ran.stdout.trim().split('\n') };
}

describe('the check of import boundaries', () => {
  it('bites: it names every fault of the deliberately wrong packages, and no other', () => {
    const { status, lines } = check(wrong);
    expect(status).toBe(1);
    expect(lines.toSorted()).toEqual([
      "libs/adapter/src/index.ts: '@wrong/till' is of kind service, which kind adapter may not import",
      'libs/fine/tsconfig.json: lacks a reference to libs/adapter',
      "libs/payment-domain/src/index.ts: 'node:fs' is foreign to the domain, which imports nothing",
      'libs/payment-domain/src/index.ts: `Date.now` has no place in the domain',
      "services/shop/src/main.ts: '../../till/src/secret.js' leaves its package: import the other by its name",
      "services/shop/src/main.ts: '@wrong/fine' is not among the dependencies in services/shop/package.json, so Nx does not know",
      "services/shop/src/main.ts: '@wrong/testing' is of kind testing, which kind service may not import",
      "services/shop/src/main.ts: '@wrong/till' is of kind service, which kind service may not import",
    ]);
  });

  it('finds nothing in this repository', () => {
    const { status, lines } = check();
    expect(lines).toEqual([expect.stringMatching(/^\d+ packages keep their boundaries$/)]);
    expect(status).toBe(0);
  });

  it('does not take an empty folder for a clean one', () => {
    expect(check(fileURLToPath(new URL('.', import.meta.url))).status).toBe(1);
  });
});
