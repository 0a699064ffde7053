import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOW_TO_UPDATE, losses, type GateCounters } from './gate-costs.js';

const here = (file: string) => join(__dirname, '..', file);

test('a row costs no more round trips and WAL bytes than is checked in', async () => {
  const checkedIn = JSON.parse(readFileSync(here('counters.json'), 'utf8')) as GateCounters;
  const run = await promisify(execFile)(process.execPath, [here('dist/gate-cli.js')]);
  const lost = losses(checkedIn, JSON.parse(run.stdout) as GateCounters);
  if (lost.length > 0) throw new Error(`${lost.join('\n')}\n${HOW_TO_UPDATE}`);
}, 180_000);
