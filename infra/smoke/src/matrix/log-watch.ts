import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Sees in a process's log at which failpoints it died, from the moment it is made. */
export class LogWatch {
  readonly #file: string;
  #at: number;
  #rest = '';

  constructor(logs: string, instance: string) {
    this.#file = join(logs, `${instance}.log`);
    this.#at = existsSync(this.#file) ? statSync(this.#file).size : 0;
  }

  /** Failpoints that were hit since the last look. */
  hits(): string[] {
    const text = this.#rest + this.#appended();
    const lines = text.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => hitIn(line) ?? []);
  }

  #appended(): string {
    if (!existsSync(this.#file)) return '';
    const size = statSync(this.#file).size;
    const bytes = Buffer.alloc(Math.max(0, size - this.#at));
    const file = openSync(this.#file, 'r');
    try {
      const read = readSync(file, bytes, 0, bytes.length, this.#at);
      this.#at += read;
      return bytes.toString('utf8', 0, read);
    } finally {
      closeSync(file);
    }
  }
}

/** The line a process writes before it kills itself; it may stand behind a line that was cut off. */
const HIT = /\{"level":"fatal","msg":"failpoint","failpoint":"([^"]+)"/;

const hitIn = (line: string): string | undefined => HIT.exec(line)?.[1];
