import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { crossing, declareFailpoints, failpoint, failpointNames } from './failpoints.js';
import { parseFailpoint } from './parse.js';

describe('parseFailpoint', () => {
  it('arms the first hit unless another is named', () => {
    const first = { name: 'intent.call.before', hit: 1, action: 'kill' };
    expect(parseFailpoint({ PAYLOG_FAILPOINT: 'intent.call.before' })).toEqual(first);
    const third = { name: 'webhook-ingest.flush.after', hit: 3, action: 'kill' };
    expect(parseFailpoint({ PAYLOG_FAILPOINT: 'webhook-ingest.flush.after:3' })).toEqual(third);
  });

  it('kills unless another action is named, with or without a hit', () => {
    expect(parseFailpoint({ PAYLOG_FAILPOINT: 'intent.call.before=freeze' })).toEqual({
      name: 'intent.call.before',
      hit: 1,
      action: 'freeze',
    });
    expect(parseFailpoint({ PAYLOG_FAILPOINT: 'intent.call.before:2=freeze' })).toEqual({
      name: 'intent.call.before',
      hit: 2,
      action: 'freeze',
    });
  });

  it('arms nothing in production, and nothing when unset or empty', () => {
    const env = { PAYLOG_FAILPOINT: 'intent.call.before', NODE_ENV: 'production' };
    expect(parseFailpoint(env)).toBeUndefined();
    expect(parseFailpoint({})).toBeUndefined();
    expect(parseFailpoint({ PAYLOG_FAILPOINT: '' })).toBeUndefined();
  });

  it.each([
    'intent',
    'intent.call.before:0',
    'intent.call.before:x',
    'intent.call.before=stop',
    'intent.call.before=kill:2',
    'Intent.Call',
    ' a.b',
  ])('refuses %p, for a test that never crashes proves nothing', (setting) => {
    expect(() => parseFailpoint({ PAYLOG_FAILPOINT: setting })).toThrow('PAYLOG_FAILPOINT');
  });
});

describe('failpoint', () => {
  it('does nothing, synchronously, in a process that is not armed', () => {
    expect(failpoint('spec.step.before')).toBeUndefined();
  });

  it('hands a step on as it is, and declares the points round it', () => {
    const answer = Promise.resolve('answer');
    const crossed = crossing('spec.another');
    expect(crossed(() => answer)).toBe(answer);
    expect(failpointNames()).toEqual(['spec.another.after', 'spec.another.before']);
  });

  it('lists declared names once, sorted', () => {
    declareFailpoints(['spec.step.before', 'spec.step.after']);
    declareFailpoints(['spec.step.before']);
    const ofStep = failpointNames().filter((name) => name.startsWith('spec.step.'));
    expect(ofStep).toEqual(['spec.step.after', 'spec.step.before']);
  });
});

describe('an armed process', () => {
  const directory = mkdtempSync(join(tmpdir(), 'failpoints-'));

  beforeAll(() => {
    for (const name of ['parse', 'failpoints']) {
      const source = readFileSync(join(__dirname, `${name}.ts`), 'utf8');
      const { code } = transformSync(source, {
        swcrc: false,
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
      });
      writeFileSync(join(directory, `${name}.js`), code);
    }
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(directory, 'main.js'),
      `import { failpoint } from './failpoints.js';
       process.on('exit', () => console.log('exit handler'));
       for (const round of [1, 2, 3]) {
         await failpoint('spec.step.before');
         console.log(round);
         await failpoint('spec.step.after');
       }`,
    );
  });

  beforeAll(() => {
    writeFileSync(
      join(directory, 'crossing.js'),
      `import { crossing } from './failpoints.js';
       const crossed = crossing('spec.crossed');
       const step = async () => {
         console.log('crossed');
         return 'result';
       };
       console.log(await crossed(step));`,
    );
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  function run(env: Record<string, string>, script = 'main.js') {
    const { PATH } = process.env;
    return spawnSync(process.execPath, [join(directory, script)], {
      env: { PATH, ...env },
      encoding: 'utf8',
    });
  }

  it('dies by SIGKILL at the armed hit, and nothing after it runs', () => {
    const died = run({ PAYLOG_FAILPOINT: 'spec.step.before:2' });
    expect(died.signal).toBe('SIGKILL');
    expect(died.stdout).toBe('1\n');
    expect(JSON.parse(died.stderr)).toMatchObject({ failpoint: 'spec.step.before' });
  });

  it('stands still at a frozen point until it is woken, and then goes on', async () => {
    const { PATH } = process.env;
    const child = spawn(process.execPath, [join(directory, 'main.js')], {
      env: { PATH, PAYLOG_FAILPOINT: 'spec.step.after:2=freeze' },
    });
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    const frozen = new Promise((resolve) => child.stderr.once('data', resolve));
    const ended = new Promise((resolve) => child.once('close', (code) => resolve(code)));
    await frozen;
    while (stateOf(child.pid as number) !== 'T') await new Promise(setImmediate);
    expect(said).toBe('1\n2\n');
    child.kill('SIGCONT');
    expect(await ended).toBe(0);
    expect(said).toBe('1\n2\n3\nexit handler\n');
  });

  it.each([
    ['before', ''],
    ['after', 'crossed\n'],
  ])('dies %s a step that it crosses', (point, said) => {
    const died = run({ PAYLOG_FAILPOINT: `spec.crossed.${point}` }, 'crossing.js');
    expect(died.signal).toBe('SIGKILL');
    expect(died.stdout).toBe(said);
    expect(run({}, 'crossing.js').stdout).toBe('crossed\nresult\n');
  });

  it('lives when another point is armed, or in production', () => {
    const whole = '1\n2\n3\nexit handler\n';
    expect(run({ PAYLOG_FAILPOINT: 'other.step.before' }).stdout).toBe(whole);
    const production = run({ PAYLOG_FAILPOINT: 'spec.step.before', NODE_ENV: 'production' });
    expect(production.stdout).toBe(whole);
  });
});

/** As the kernel has it: T is stopped. */
function stateOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    return /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  }
  return spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout[0];
}
