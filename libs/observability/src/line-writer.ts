import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** More than this waits for no turn to end. */
const CHARS_MAX = 16_000;
/** A pipe whose reader is slow takes nothing for a while. */
const FULL_PAUSE_MS = 5;

/**
 * Writes log lines to a file descriptor, synchronously, but those of one turn of the event loop at
 * once: a service under load logs many lines a turn, and a system call for each costs more than
 * making it. What ends the process in good order or by an error writes the rest first (`exit`, and
 * pino's `fatal`); `kill -9` loses the lines of the turn it falls into. Lines that can't be written
 * (reader gone, disk full) are dropped: a log must not stop the work.
 */
export function lineWriter(fd: number): DestinationStream & { flushSync(): void } {
  let text = '';
  let scheduled = false;
  const flushSync = (): void => {
    const bytes = Buffer.from(text);
    text = '';
    writeWhole(fd, bytes);
  };
  process.on('exit', flushSync);
  return {
    write(line: string): void {
      text += line;
      if (text.length > CHARS_MAX) return flushSync();
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        flushSync();
      });
    },
    flushSync,
  };
}

function writeWhole(fd: number, bytes: Buffer): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PAUSE_MS);
    }
  }
}
