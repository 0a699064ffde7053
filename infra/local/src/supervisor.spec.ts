import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { eventually } from '@paylog/testing';
import { processStart } from '../process-start.mjs';
import { freePort } from './ports.js';
import { type InstanceSpec, Supervisor } from './supervisor.js';

const fake = fileURLToPath(new URL('testing/fake-service.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'paylog-supervisor-'));
const running: Supervisor[] = [];

afterEach(async () => {
  for (const supervisor of running.splice(0)) await supervisor.stop();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function spec(instance: string, env: NodeJS.ProcessEnv = {}): Promise<InstanceSpec> {
  const port = await freePort();
  return {
    instance,
    service: 'fake',
    command: process.execPath,
    args: [fake],
    env: { ...process.env, ...env, HTTP_PORT: String(port) },
    url: `http://127.0.0.1:${port}`,
    readyPath: '/health/ready',
    logFile: join(folder, `${instance}.log`),
  };
}

async function started(
  ...specs: InstanceSpec[]
): Promise<{ supervisor: Supervisor; said: string[] }> {
  const said: string[] = [];
  const supervisor = new Supervisor(specs, {
    report: (line) => said.push(line),
    readyWithinMs: 10_000,
    stopWithinMs: 500,
  });
  running.push(supervisor);
  await supervisor.start();
  return { supervisor, said };
}

const pidsOf = (supervisor: Supervisor) => supervisor.status().map(({ pid }) => pid as number);
const live = (pid: number) => processStart(pid) !== undefined;

describe('Supervisor', () => {
  it('starts every process and says so when each is ready', async () => {
    const { supervisor } = await started(await spec('fake-1'), await spec('fake-2'));
    expect(supervisor.status()).toMatchObject([
      { instance: 'fake-1', state: 'ready', restarts: 0 },
      { instance: 'fake-2', state: 'ready', restarts: 0 },
    ]);
  });

  it('starts a killed process again, at the same address, and the restart can be seen', async () => {
    const { supervisor, said } = await started(await spec('fake-1'));
    const [before] = pidsOf(supervisor);
    await supervisor.kill('fake-1');
    await supervisor.ready('fake-1');
    const [after] = supervisor.status();
    expect(after).toMatchObject({ state: 'ready', restarts: 1 });
    expect(after?.pid).not.toBe(before);
    expect(said[0]).toBe('fake-1 ended (SIGKILL); it is started again in 100 ms');
    await eventually('the return to be reported', () => said[1] === 'fake-1 is ready again');
  });

  it('starts a process again that ended by itself, whatever its exit code', async () => {
    const one = await spec('fake-1');
    const { supervisor, said } = await started(one);
    await fetch(`${one.url}/die`).catch(() => {});
    await eventually('the restart', () => supervisor.status()[0]?.restarts === 1);
    expect(said[0]).toContain('exit code 3');
  });

  it('keeps a held process away until it is released', async () => {
    const { supervisor } = await started(await spec('fake-1'), await spec('fake-2'));
    await supervisor.hold('fake-1');
    // Another process dies and comes back meanwhile: time enough for the held one to come back as well.
    await supervisor.kill('fake-2');
    await supervisor.ready('fake-2');
    expect(supervisor.status()[0]).toMatchObject({ pid: undefined, state: 'waiting' });
    supervisor.release('fake-1');
    await supervisor.ready('fake-1');
    expect(supervisor.status()[0]).toMatchObject({ state: 'ready', restarts: 1 });
  });

  it('restarts one process on request and leaves the others alone', async () => {
    const { supervisor } = await started(await spec('fake-1'), await spec('fake-2'));
    const before = pidsOf(supervisor);
    await supervisor.restart('fake-2');
    const after = pidsOf(supervisor);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });

  it('gives the next life an environment of its own, and the life after that none', async () => {
    const one = await spec('fake-1');
    const { supervisor, said } = await started(one);
    for (const [end, restarts] of [
      ['kill', 2],
      ['restart', 4],
    ] as const) {
      said.length = 0;
      await supervisor[end]('fake-1', { FAKE_REFUSES: 'once' });
      await eventually('the life after the next', () => {
        const [status] = supervisor.status();
        return status?.restarts === restarts && status.state === 'ready';
      });
      expect(said).toContain('fake-1 ended (exit code 2); it is started again in 100 ms');
    }
  });

  it('arms the life that follows a hold', async () => {
    const { supervisor, said } = await started(await spec('fake-1'));
    supervisor.arm('fake-1', { FAKE_REFUSES: 'once' });
    await supervisor.hold('fake-1');
    supervisor.release('fake-1');
    await eventually('the life after the next', () => {
      const [status] = supervisor.status();
      return status?.restarts === 2 && status.state === 'ready';
    });
    expect(said).toContain('fake-1 ended (exit code 2); it is started again in 100 ms');
  });

  it('leaves no process when it stops, a deaf and a frozen one included', async () => {
    const { supervisor } = await started(
      await spec('fake-1'),
      await spec('deaf', { FAKE_DEAF: 'yes' }),
      await spec('frozen'),
    );
    const pids = pidsOf(supervisor);
    process.kill(pids[2] as number, 'SIGSTOP');
    await supervisor.stop();
    expect(pids.filter(live)).toEqual([]);
    expect(supervisor.status().map(({ state }) => state)).toEqual([
      'stopped',
      'stopped',
      'stopped',
    ]);
  });

  it('gives up on a process that never gets ready, stops the others and shows what it said', async () => {
    const good = await spec('fake-1');
    const bad = await spec('broken', { FAKE_REFUSES: 'yes' });
    await expect(started(good, bad)).rejects.toThrow('FAKE_REFUSES is set: I will not start');
    await expect(fetch(good.url)).rejects.toThrow();
  });

  it('knows its instances by name', async () => {
    const { supervisor } = await started(await spec('fake-1'));
    expect(() => supervisor.ready('fake-2')).toThrow(
      'There is no instance fake-2; there are fake-1',
    );
  });
});

describe('the guardian', () => {
  it('stops what a killed parent had started, and removes its folder', async () => {
    const doomed = join(folder, 'doomed');
    const script = join(folder, 'parent.mjs');
    const built = new URL('../dist/child.js', import.meta.url).href;
    writeFileSync(
      script,
      `import { mkdirSync } from 'node:fs';
      import { removeAtEnd, startChild } from ${JSON.stringify(built)};
      mkdirSync(${JSON.stringify(doomed)});
      removeAtEnd(${JSON.stringify(doomed)});
      const child = startChild('sleep', ['600'], { logFile: '/dev/null', stopSignal: 'SIGTERM' });
      process.stdout.write(String(child.pid)); // console.log may colour a number.
      setInterval(() => {}, 1000);`,
    );
    const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const pid = Number(await firstOutputOf(parent.stdout));
      expect(live(pid)).toBe(true);
      parent.kill('SIGKILL');
      await eventually('the child to be stopped', () => !live(pid));
      await eventually('its folder to be removed', () => !existsSync(doomed));
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

function firstOutputOf(stream: Readable): Promise<string> {
  return new Promise((resolve) => stream.once('data', (data: Buffer) => resolve(data.toString())));
}
