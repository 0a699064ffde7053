const ACTIONS = ['kill', 'freeze'] as const;

/** What a process does to itself at its armed point. */
export type FailpointAction = (typeof ACTIONS)[number];

/** Where this process hurts itself, at which of the hits, and how. */
export interface ArmedFailpoint {
  readonly name: string;
  /** 1 is the first hit. */
  readonly hit: number;
  readonly action: FailpointAction;
}

const SETTING = new RegExp(
  `^([a-z0-9-]+(?:\\.[a-z0-9-]+)+)(?::([1-9][0-9]{0,8}))?(?:=(${ACTIONS.join('|')}))?$`,
);

/**
 * Reads `PAYLOG_FAILPOINT`: `intent.call.before` dies at the first hit, `intent.call.before:3` at
 * the third, `intent.call.before:3=freeze` is frozen there. Unset or empty arms nothing, and so
 * does a production process, whatever is set.
 */
export function parseFailpoint(env: NodeJS.ProcessEnv): ArmedFailpoint | undefined {
  const setting = env['PAYLOG_FAILPOINT'];
  if (!setting || env['NODE_ENV'] === 'production') return undefined;
  const match = SETTING.exec(setting);
  if (!match) {
    // A crash test with a misspelt point would pass without ever crashing.
    throw new Error(
      `PAYLOG_FAILPOINT is "${setting}"; write ` +
        `<service>.<step>.<before|after>[:<n-th hit>][=${ACTIONS.join('|')}]`,
    );
  }
  const [, name = '', hit = '1', action = 'kill'] = match;
  return { name, hit: Number(hit), action: action as FailpointAction };
}
