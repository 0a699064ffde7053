// `npm run check`: everything that needs no stack, one line a step. `--static` leaves the unit tests to `npm test`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';

const generatorOf = (lib) => join('libs', lib, 'dist', 'generate.js');
const generated = (name, lib) => [
  name,
  'node',
  [generatorOf(lib), '--check'],
  'npm run generate',
  generatorOf(lib),
];

const steps = [
  ['format', 'prettier', ['--check', '--log-level=warn', '--cache', '.'], 'npm run format'],
  ['types', 'tsc', ['-b']],
  ['types of specs', 'tsc', ['-p', 'tsconfig.spec.json']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings'], 'npx oxlint --type-aware --fix'],
  ['boundaries', 'node', ['infra/check/boundaries.mjs']],
  generated('generated files', 'contracts'),
  generated('generated table', 'gateways'),
  ['unit tests', 'jest', ['--selectProjects', 'unit', '--silent']],
].filter(([name]) => name !== 'unit tests' || !process.argv.includes('--static'));

let failed = 0;
for (const [name, command, args, remedy, generator] of steps) {
  const started = Date.now();
  const { ok, output } =
    generator !== undefined && !existsSync(join(root, generator))
      ? { ok: false, output: 'The generator is not built' }
      : await run(command, args, { quiet: true });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${seconds.padStart(5)} s`);
  if (ok) continue;
  failed += 1;
  console.log(output.trim());
  if (remedy !== undefined) console.log(`This may mend it: ${remedy}`);
}
console.log(failed === 0 ? 'Everything is in order' : `${failed} of ${steps.length} steps failed`);
process.exitCode = failed === 0 ? 0 : 1;
