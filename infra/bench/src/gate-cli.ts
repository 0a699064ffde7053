import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '@paylog/local';
import { measureGate } from './gate.js';

/** Prints what `gate.int.spec.ts` compares; with `--update`, writes it into the checked-in file. */
const counters = JSON.stringify(await measureGate(), rounded, 2);
if (process.argv.includes('--update')) {
  writeFileSync(join(repository, 'infra', 'bench', 'counters.json'), `${counters}\n`);
}
console.log(counters);

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
