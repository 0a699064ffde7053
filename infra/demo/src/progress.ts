import { Presets, SingleBar } from 'cli-progress';

/** Tells whoever waits how far it is. */
export interface Progress {
  orders(done: number, total: number): void;
  phase(what: string): void;
  /** A line of somebody else, such as a restart. */
  say(line: string): void;
  stop(): void;
}

/** A bar where there is a terminal, lines elsewhere; on stderr, so that stdout holds results only. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? bar(stream) : lines(stream);
}

function bar(stream: NodeJS.WriteStream): Progress {
  const format = '{bar} {value}/{total} orders  {what}';
  const shown = new SingleBar({ stream, format, hideCursor: true }, Presets.shades_classic);
  let started = false;
  return {
    orders(done, total) {
      if (!started) shown.start(total, done, { what: 'driving orders' });
      started = true;
      shown.update(done);
    },
    phase(what) {
      if (started) shown.update({ what: what.padEnd(45) });
      else stream.write(`${what}\n`);
    },
    say(line) {
      stream.write(started ? `\n${line}\n` : `${line}\n`);
    },
    stop() {
      if (started) shown.stop();
      started = false;
    },
  };
}

/** Every tenth of the way. */
const PARTS = 10;

function lines(stream: NodeJS.WriteStream): Progress {
  let told = -1;
  return {
    orders(done, total) {
      const part = Math.floor((done * PARTS) / Math.max(total, 1));
      if (part === told) return;
      told = part;
      stream.write(`${done} of ${total} orders came to their end\n`);
    },
    phase: (what) => void stream.write(`${what}\n`),
    say: (line) => void stream.write(`${line}\n`),
    stop: () => {},
  };
}
