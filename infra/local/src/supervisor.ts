import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, type Exit, startChild } from './child.js';
import { GaveUp, waitFor } from './deadline.js';
import { tailOf } from './postgres.js';

/** One process to keep alive. */
export interface InstanceSpec {
  /** For example `intent-1`. */
  readonly instance: string;
  readonly service: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly url: string;
  /** Answers 2xx when the process can be used. */
  readonly readyPath: string;
  readonly logFile: string;
}

/** Set for one life of one process, over what it always has. */
export type Environment = Readonly<Record<string, string>>;

export interface InstanceStatus {
  readonly instance: string;
  readonly service: string;
  readonly url: string;
  readonly pid: number | undefined;
  readonly state: 'starting' | 'ready' | 'waiting' | 'stopped';
  /** How often it was started again after it died. */
  readonly restarts: number;
}

export interface SupervisorOptions {
  /** Told of each death and each start. Default: a line on stderr. */
  readonly report?: (line: string) => void;
  readonly readyWithinMs?: number;
  readonly stopWithinMs?: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Having lived this long, a death is a new one, not the last one again. */
const LIVED_MS = 10_000;
/** A process that never became ready and dies this often can't: its log says why. */
const DEATHS_BEFORE_READY = 3;

/** Starts processes, starts them again when they die, and stops them together. */
export class Supervisor {
  readonly #instances: Instance[];

  constructor(specs: readonly InstanceSpec[], options: SupervisorOptions = {}) {
    this.#instances = specs.map((spec) => new Instance(spec, options));
  }

  /** Starts all and waits until each is ready; when one can't, all are stopped and the error says why. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#instances.map((instance) => instance.start()));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  status(): InstanceStatus[] {
    return this.#instances.map((instance) => instance.status());
  }

  /**
   * Kill -9. The supervision sees a death like any other, and starts it again: with an environment of
   * its own for that one life, if one is given.
   */
  kill(instance: string, nextLife?: Environment): Promise<Exit> {
    return this.#named(instance).kill(nextLife);
  }

  /** Says now what will be in the environment of the next life, and of that one alone; undefined: nothing. */
  arm(instance: string, nextLife: Environment | undefined): void {
    this.#named(instance).arm(nextLife);
  }

  /** Kill -9, and it stays away until it is released. */
  hold(instance: string): Promise<void> {
    return this.#named(instance).hold();
  }

  /** Starts what was held. */
  release(instance: string): void {
    this.#named(instance).release();
  }

  /**
   * Stops it in good order, and waits until its successor is ready. A successor with an environment of
   * its own, for that one life, is not waited for: it may be told to die before it is ready.
   */
  restart(instance: string, nextLife?: Environment): Promise<void> {
    return this.#named(instance).restart(nextLife);
  }

  /** Waits until it is ready (again). */
  ready(instance: string): Promise<void> {
    return this.#named(instance).ready();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.stop()));
  }

  #named(name: string): Instance {
    const found = this.#instances.find((instance) => instance.spec.instance === name);
    if (found !== undefined) return found;
    const known = this.#instances.map(({ spec }) => spec.instance).join(', ');
    throw new Error(`There is no instance ${name}; there are ${known}`);
  }
}

class Instance {
  #child: Child | undefined;
  #ready = false;
  #everReady = false;
  #deaths = 0;
  #restarts = 0;
  #pauseMs = FIRST_PAUSE_MS;
  readonly #stopping = new AbortController();
  #supervision: Promise<void> | undefined;
  #nextLife: Environment | undefined;
  #held: { readonly until: Promise<void>; readonly release: () => void } | undefined;

  constructor(
    readonly spec: InstanceSpec,
    private readonly options: SupervisorOptions,
  ) {}

  start(): Promise<void> {
    this.#supervision ??= this.#supervise();
    return this.ready();
  }

  async ready(): Promise<void> {
    const { instance, logFile } = this.spec;
    const deadlineMs = this.options.readyWithinMs ?? 60_000;
    try {
      await waitFor(`${instance} to be ready`, () => this.#isReady(), { deadlineMs });
    } catch (error) {
      const said = tailOf(logFile);
      throw new Error(`${(error as Error).message}\nThe end of ${logFile}:\n${said}`, {
        cause: error,
      });
    }
  }

  status(): InstanceStatus {
    const { instance, service, url } = this.spec;
    const live = this.#child?.running() === true;
    const stopped = this.#stopping.signal.aborted;
    const state = live ? (this.#ready ? 'ready' : 'starting') : stopped ? 'stopped' : 'waiting';
    const pid = live ? this.#child?.pid : undefined;
    return { instance, service, url, pid, state, restarts: this.#restarts };
  }

  arm(nextLife: Environment | undefined): void {
    this.#nextLife = nextLife;
  }

  async kill(nextLife?: Environment): Promise<Exit> {
    this.#ready = false;
    if (nextLife !== undefined) this.arm(nextLife);
    return this.#child?.kill() ?? { code: null, signal: null };
  }

  async hold(): Promise<void> {
    this.#held ??= gate();
    await this.kill();
  }

  release(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  async restart(nextLife?: Environment): Promise<void> {
    this.#ready = false;
    if (nextLife !== undefined) this.arm(nextLife);
    await this.#child?.stop(this.options.stopWithinMs);
    if (nextLife === undefined) await this.ready();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.release();
    await this.#child?.stop(this.options.stopWithinMs);
    await this.#supervision;
  }

  /** One life after the other, until it is told to stop. */
  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const born = Date.now();
      const ownEnvironment = this.#nextLife;
      this.#nextLife = undefined;
      this.#child = startChild(this.spec.command, this.spec.args, {
        env: { ...this.spec.env, ...ownEnvironment },
        logFile: this.spec.logFile,
        stopSignal: 'SIGTERM',
      });
      const exit = await this.#child.exited;
      this.#ready = false;
      if (signal.aborted) return;
      this.#deaths += 1;
      // A death that was asked for says nothing about how the next life will end.
      const asked = ownEnvironment !== undefined || this.#nextLife !== undefined;
      if (asked || Date.now() - born > LIVED_MS) this.#pauseMs = FIRST_PAUSE_MS;
      const how = exit.signal ?? `exit code ${exit.code}`;
      this.#report(
        `${this.spec.instance} ended (${how}); it is started again in ${this.#pauseMs} ms`,
      );
      await sleep(this.#pauseMs, undefined, { signal }).catch(() => {});
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      await this.#held?.until;
      this.#restarts += 1;
      if (!signal.aborted) void this.#reportReturn();
    }
  }

  async #reportReturn(): Promise<void> {
    try {
      await this.ready();
      this.#report(`${this.spec.instance} is ready again`);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#report((error as Error).message);
    }
  }

  async #isReady(): Promise<true | undefined> {
    if (this.#stopping.signal.aborted) throw new GaveUp(`${this.spec.instance} is being stopped`);
    if (!this.#everReady && this.#deaths >= DEATHS_BEFORE_READY) {
      throw new GaveUp(`${this.spec.instance} died ${this.#deaths} times before it was ready`);
    }
    const child = this.#child;
    if (child?.running() !== true) return undefined;
    const answer = await fetch(this.spec.url + this.spec.readyPath, {
      signal: AbortSignal.timeout(2000),
    });
    await answer.body?.cancel();
    // Whoever answered, it was not ours when ours has ended meanwhile.
    if (!answer.ok) throw new Error(`${this.spec.readyPath} answers ${answer.status}`);
    if (!child.running() || child !== this.#child) return undefined;
    this.#ready = true;
    this.#everReady = true;
    return true;
  }

  #report(line: string): void {
    if (this.options.report === undefined) process.stderr.write(`${line}\n`);
    else this.options.report(line);
  }
}

function gate(): { until: Promise<void>; release: () => void } {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { until, release };
}
