import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repository } from '@paylog/local';
import { INVARIANTS } from '../witness.js';
import { tableOf, tried } from './all.js';
import { patched, patchNames, readPatch } from './patch.js';
import { SWITCHES, switchNamed } from './switches.js';

const names = SWITCHES.map(({ name }) => name);

describe('the sabotage switches', () => {
  it('are those of the table of promises, each with a patch', () => {
    expect(names).toEqual([
      'ack-before-commit',
      'offset-before-effects',
      'number-outside-head-lock',
      'drop-by-watermark',
      'resolve-without-second-look',
      'retry-unknown-with-new-key',
      'kafkajs-own-retries',
      'release-on-label',
      'jsonb-digest',
      'no-fencing',
    ]);
    expect(patchNames()).toEqual(names.toSorted());
  });

  it.each(names)('%s fits today’s sources, and changes them', (name) => {
    const files = patched(name, repository);
    expect(files.length).toBeGreaterThan(0);
    for (const { path } of files) {
      expect(path).toMatch(/^(libs|services)\/[a-z-]+\/(src|sql)\/.*\.(ts|sql)$/);
    }
    expect(readPatch(name).split('\n--- a/')[0]).toMatch(/^[A-Z].{80,}/s);
  });

  it('begin with what provokes them, and name what must break', () => {
    for (const { provoke, caughtBy } of SWITCHES) {
      expect(provoke.flat().length).toBeGreaterThan(0);
      expect(caughtBy.length).toBeGreaterThan(0);
      for (const invariant of caughtBy) expect(INVARIANTS).toContain(invariant);
    }
  });

  it('are listed for whoever asks for another', () => {
    expect(() => switchNamed('no-such')).toThrow(/"no-such"; there are ack-before-commit, /);
  });
});

describe('a patch', () => {
  it('says which file it no longer fits', () => {
    const root = mkdtempSync(join(tmpdir(), 'paylog-sabotage-'));
    const path = 'libs/gateways/src/stripe/client.ts';
    mkdirSync(join(root, dirname(path)), { recursive: true });
    const text = readFileSync(join(repository, path), 'utf8');
    writeFileSync(join(root, path), text.replaceAll('idempotencyKey', 'key'));
    try {
      expect(() => patched('retry-unknown-with-new-key', root)).toThrow(`no longer fits ${path}`);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('a switch', () => {
  const one = { name: 'x', caughtBy: ['released-once'] } as const;
  const result = (...invariants: ('released-once' | 'nothing-stuck')[]) => ({
    rounds: 2,
    violations: invariants.map((invariant) => ({ invariant, examples: [] })),
  });

  it('is caught by a promise that its defence keeps', () => {
    expect(tried(one, result('nothing-stuck', 'released-once'), 7)).toEqual({
      name: 'x',
      caught: true,
      caughtBy: ['released-once'],
      alsoBroken: ['nothing-stuck'],
      round: 2,
      seconds: 7,
    });
  });

  it('is not caught by an accident, nor by nothing', () => {
    expect(tried(one, result('nothing-stuck'), 7).caught).toBe(false);
    expect(tried(one, result(), 7).caught).toBe(false);
  });

  it('has a line in the table, and what was missed is said', () => {
    const clean = { ok: true, rounds: 10, acked: 1, violations: [], seconds: 300 };
    const switches = [tried(one, result('released-once'), 7), tried(one, result(), 8)];
    const table = tableOf({ ok: false, seed: 5, clean, switches });
    expect(table).toMatch(/\(none\).*nothing found/);
    expect(table).toMatch(/x .*released-once/);
    expect(table).toMatch(/x .*NOT CAUGHT/);
  });
});
