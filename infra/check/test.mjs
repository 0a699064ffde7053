// `npm test` and, with `--faults`, `npm run test:faults`: build, start the stack, run the specs. The last line says how
// many passed and failed; further arguments go to Jest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

const further = process.argv.slice(2).filter((argument) => argument !== '--faults');
const projects = process.argv.includes('--faults')
  ? ['--selectProjects', 'fault', '--runInBand']
  : ['--selectProjects', 'unit', 'int'];

const { passed, failed, skipped } = await test();
const skippedToo = skipped > 0 ? `, ${skipped} skipped` : '';
console.log(`${passed} passed, ${failed} failed${skippedToo}`);
process.exit(failed === 0 ? 0 : 1);

async function test() {
  const build = await run('tsc', ['-b']);
  if (!build.ok) return { passed: 0, failed: 1, skipped: 0 };
  const folder = mkdtempSync(join(tmpdir(), 'paylog-test-'));
  const results = join(folder, 'results.json');
  const jest = [...projects, '--json', `--outputFile=${results}`, '--passWithNoTests'];
  // On a build server an open handle must not keep the run from ending; elsewhere somebody should see it.
  if (process.env.CI) jest.push('--forceExit');
  const ran = await run('jest', [...jest, ...further]);
  try {
    return countsOf(JSON.parse(readFileSync(results, 'utf8')), ran.ok);
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }; // Jest did not get as far as a result.
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not run counts as one failure, and so does a run that failed without a failing test. */
function countsOf(results, ok) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: ok ? failed : Math.max(1, failed),
    skipped: results.numPendingTests + results.numTodoTests,
  };
}
