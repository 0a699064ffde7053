/** The place at which this process dies, and at which of its hits. */
export interface ArmedFailpoint {
  readonly name: string;
  /** 1 is the first hit. */
  readonly hit: number;
}

/**
 * Reads `PAYLOG_FAILPOINT`: `intent.call.before` dies at the first hit, `intent.call.before:3` at
 * the third. Unset or empty arms nothing, and so does a production process, whatever is set.
 */
export function parseFailpoint(env: NodeJS.ProcessEnv): ArmedFailpoint | undefined {
  const setting = env['PAYLOG_FAILPOINT'];
  if (!setting || env['NODE_ENV'] === 'production') return undefined;
  const match = /^([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::([1-9][0-9]{0,8}))?$/.exec(setting);
  if (!match) {
    // A crash test with a misspelt point would pass without ever crashing.
    throw new Error(
      `PAYLOG_FAILPOINT is "${setting}"; write <service>.<step>.<before|after>[:<n-th hit>]`,
    );
  }
  return { name: match[1] ?? '', hit: Number(match[2] ?? 1) };
}
