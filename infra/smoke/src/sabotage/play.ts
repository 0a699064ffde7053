import type { Result } from '../result.js';
import { crashTest, type RunOptions } from '../run.js';
import { switchNamed } from './switches.js';
import { openSabotage } from './tree.js';

/** What a run needs beside the switch. */
export type PlayOptions = Pick<RunOptions, 'rounds' | 'seed' | 'tell' | 'signal'>;

/** A crash test of code without one defence: first what provokes it, then what the seed deals. */
export async function playSabotaged(name: string, options: PlayOptions): Promise<Result> {
  const { brokers, provoke, removes } = switchNamed(name);
  options.tell(`${name}: without "${removes}"`);
  const { code, close } = await openSabotage(name);
  try {
    return await crashTest({ ...options, brokers, provoke, code, sabotage: name });
  } finally {
    await close();
  }
}
