import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const FOLDER = import.meta.dirname;
const MAY_IMPORT = new Set(['pg', 'kafkajs']);

/** What a source file imports that the oracle may not: everything but Node, two drivers, itself and what it is told. */
function foreignImports(file: string, code: string): string[] {
  const specifiers = [...code.matchAll(/(?:\bfrom|\bimport\s*\(?)\s*['"]([^'"\n]+)['"]/g)];
  return specifiers
    .map(([, specifier]) => specifier as string)
    .filter((specifier) => {
      if (!specifier.startsWith('.')) {
        return !specifier.startsWith('node:') && !MAY_IMPORT.has(specifier);
      }
      const target = resolve(dirname(file), specifier);
      return !target.startsWith(`${FOLDER}/`) && target !== resolve(FOLDER, '../witness.js');
    });
}

const sources = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
  .map((name) => join(FOLDER, name));

describe('the oracle', () => {
  it('shares no code with what it judges', () => {
    expect(sources.length).toBeGreaterThan(10);
    for (const file of [...sources, resolve(FOLDER, '../witness.ts')]) {
      expect(foreignImports(file, readFileSync(file, 'utf8'))).toEqual([]);
    }
  });

  it('would be caught if it did', () => {
    const file = join(FOLDER, 'judge.ts');
    const code = `import { x } from '@paylog/contracts';
      import type { y } from '../world.js';
      const { z } = await import('../load/load.js');
      import 'node:fs'; import pg from 'pg'; import type { Witness } from '../witness.js';`;
    expect(foreignImports(file, code)).toEqual([
      '@paylog/contracts',
      '../world.js',
      '../load/load.js',
    ]);
  });
});
