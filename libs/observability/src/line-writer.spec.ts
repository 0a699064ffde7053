import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { lineWriter } from './line-writer.js';

/** For another process, which has no TypeScript. */
function compiled(): string {
  const { code } = transformSync(readFileSync(join(__dirname, 'line-writer.ts'), 'utf8'), {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  return code;
}

describe('lineWriter', () => {
  const folder = mkdtempSync(join(tmpdir(), 'line-writer-'));
  const file = join(folder, 'log');
  const fd = openSync(file, 'a');
  const written = () => readFileSync(file, 'utf8');
  afterAll(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  it('writes what one turn logs when the turn ends, in order', async () => {
    const writer = lineWriter(fd);
    writer.write('first\n');
    writer.write('second\n');
    expect(written()).toBe('');
    await new Promise((resolve) => setImmediate(resolve));
    expect(written()).toBe('first\nsecond\n');
  });

  it('waits for no end of a turn when there is much, or when it is told to write', () => {
    const writer = lineWriter(fd);
    const long = `${'x'.repeat(40_000)}\n`;
    writer.write(long);
    expect(written()).toContain('x'.repeat(16_000));
    writer.write('last\n');
    writer.flushSync();
    expect(written().endsWith(`${long}last\n`)).toBe(true);
  });

  it('waits for a reader that is slow, and loses nothing to it', async () => {
    const child = spawn(process.execPath, [
      '-e',
      `${compiled()};
      const writer = lineWriter(2); process.stderr.on('error', () => {});
      for (let i = 0; i < 4000; i++) writer.write('x'.repeat(99) + '\\n');`,
    ]);
    await new Promise((resolve) => child.once('spawn', resolve));
    let bytes = 0;
    for await (const chunk of child.stderr) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(400_000);
  });

  it('drops lines whose reader is gone, and lets the process go on', () => {
    const broken = openSync(file, 'r'); // Writing to it fails.
    const writer = lineWriter(broken);
    expect(() => {
      writer.write('nowhere\n');
      writer.flushSync();
    }).not.toThrow();
    closeSync(broken);
  });

  it.each(['process.exit(3)', "logger.fatal('end')"])('loses nothing before %s', (end) => {
    const main = `${compiled()}; const logger = require('pino').pino({}, lineWriter(2));
      logger.info('line'); ${end}; process.kill(process.pid, 'SIGKILL');`;
    const { stderr } = spawnSync(process.execPath, ['-e', main], { encoding: 'utf8' });
    expect(stderr).toContain('"msg":"line"');
  });
});
