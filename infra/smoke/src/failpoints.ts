import { repository } from '@paylog/local';
import { leftOut, servicesOf } from './matrix/reach.js';
import { failpointsIn, sourcesOf } from './matrix/scan.js';

/** `npm run failpoints`: every place at which a crash test may kill a process. */
const failpoints = failpointsIn(sourcesOf(repository));
const width = Math.max(...failpoints.map(({ name }) => name.length));
for (const failpoint of failpoints) {
  const { name, boundary } = failpoint;
  const why = leftOut(failpoint);
  const note = why === undefined ? '' : `  (not in the matrix: ${why})`;
  const services = servicesOf(failpoint).join(', ');
  process.stdout.write(`${name.padEnd(width)}  ${boundary.padEnd(16)}  ${services}${note}\n`);
}
process.stdout.write(`${failpoints.length} failpoints\n`);
