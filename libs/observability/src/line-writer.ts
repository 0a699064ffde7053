import { pino } from 'pino';
import type { DestinationStream } from 'pino';

/** More than this waits for no turn to end. */
const CHARS_MAX = 16_000;

/**
 * Writes log lines to a file descriptor, synchronously, but those of one turn of the event loop at once: a service under
 * load logs many lines a turn, and a system call for each costs more than making it. What ends the process in good order
 * or by an error writes the rest first (`exit`, and pino's `fatal`); `kill -9` loses the lines of the turn it falls into.
 */
export function lineWriter(fd: number): DestinationStream & { flushSync(): void } {
  const file = pino.destination({ fd, sync: true, minLength: CHARS_MAX });
  let scheduled = false;
  const flushSync = (): void => {
    scheduled = false;
    file.flushSync();
  };
  process.on('exit', flushSync);
  return {
    write(line: string): void {
      file.write(line);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flushSync);
    },
    flushSync,
  };
}
