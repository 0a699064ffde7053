import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { newFolder } from '@paylog/local';

const BLOCK = Buffer.alloc(8192, 'paylog');
const FOR_MS = 250;

/**
 * How many 8 kB writes a second the disk below our databases syncs, one after the other, over a quarter of a second. A
 * machine that shares its disk may be a hundred times slower a minute later: whoever reads a figure must know.
 */
export function probeDisk(): number {
  const folder = newFolder('bench-disk');
  const file = openSync(join(folder, 'probe'), 'w');
  try {
    const started = performance.now();
    let writes = 0;
    for (; performance.now() - started < FOR_MS; writes++) {
      writeSync(file, BLOCK, 0, BLOCK.length, 0);
      fdatasyncSync(file);
    }
    return writes / ((performance.now() - started) / 1000);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}
