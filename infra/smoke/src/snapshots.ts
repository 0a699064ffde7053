import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STATEFUL_SERVICES, type StatefulService } from '@paylog/local';
import { dropSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';

/** A restoration goes back about so far. */
export const WANTED_AGE_MS = 60_000;
/** Each service in turn, one of them every so often. */
const EVERY_MS = 3_000;
const KEPT = 6;

/** Snapshots of every service, taken all the time while the system works, so that there is one of a minute ago. */
export class Snapshots {
  readonly #taken = new Map<StatefulService, Snapshot[]>();
  readonly #ended = new AbortController();
  #taking: Promise<void> | undefined;
  #count = 0;

  constructor(
    private readonly folder: string,
    private readonly database: (service: StatefulService) => string,
  ) {}

  start(): void {
    this.#taking ??= this.#takeInTurns();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#taking;
  }

  /** The one whose age is nearest to a minute. */
  nearest(service: StatefulService, now: number): Snapshot | undefined {
    const distance = ({ takenAt }: Snapshot) => Math.abs(now - takenAt - WANTED_AGE_MS);
    return (this.#taken.get(service) ?? []).toSorted((a, b) => distance(a) - distance(b))[0];
  }

  /** What was taken after a moment tells a history that was taken back. */
  forget(service: StatefulService, after: number): void {
    const taken = this.#taken.get(service) ?? [];
    for (const snapshot of taken.filter(({ takenAt }) => takenAt > after)) dropSnapshot(snapshot);
    this.#taken.set(
      service,
      taken.filter(({ takenAt }) => takenAt <= after),
    );
  }

  async #takeInTurns(): Promise<void> {
    for (const service of STATEFUL_SERVICES) await this.#take(service).catch(() => {});
    while (!this.#ended.signal.aborted) {
      for (const service of STATEFUL_SERVICES) {
        await this.#take(service).catch(() => {}); // The server is away, or the database is being put back.
        await sleep(EVERY_MS, undefined, { signal: this.#ended.signal }).catch(() => {});
        if (this.#ended.signal.aborted) return;
      }
    }
  }

  async #take(service: StatefulService): Promise<void> {
    this.#count += 1;
    const folder = join(this.folder, `${this.#count}-${service}`);
    const snapshot = await takeSnapshot(service, this.database(service), folder).catch(
      (error: unknown) => {
        rmSync(folder, { recursive: true, force: true });
        throw error;
      },
    );
    const taken = [...(this.#taken.get(service) ?? []), snapshot];
    for (const old of taken.splice(0, taken.length - KEPT)) dropSnapshot(old);
    this.#taken.set(service, taken);
  }
}
