import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

test('a small rebuild finds what was loaded, and so does everybody beside it', async () => {
  const main = join(__dirname, '..', 'dist/main.js');
  const small = ['rebuild', '--rounds', '1', '--rows', '1000', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...small]);
  expect(JSON.parse(stdout)).toMatchObject({ name: 'rebuild', rounds: 1, rows: 1000, acked: 1000 });
}, 120_000);
