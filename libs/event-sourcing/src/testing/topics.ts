import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRow, RelayTarget } from '../log.js';

type Message = LogRow & { offset: bigint };

/** A topic in memory that a spec can look into, break and mend. */
export class MemoryTopic implements RelayTarget {
  readonly partitions = new Map<number, LogRow[]>();
  readonly batches: { lane: number; rows: number; bytes: number }[] = [];
  /** Runs before a batch is taken; throw to fail it. */
  beforePublish: (lane: number) => Promise<void> = async () => undefined;

  async publish(lane: number, rows: readonly LogRow[]): Promise<bigint> {
    await this.beforePublish(lane);
    const bytes = rows.reduce((sum, { data }) => sum + data.length, 0);
    this.batches.push({ lane, rows: rows.length, bytes });
    const partition = this.partition(lane);
    partition.push(...rows);
    return BigInt(partition.length);
  }

  async *read(lane: number, fromOffset: bigint): AsyncIterable<Message> {
    const end = this.partition(lane).length;
    for (let i = Number(fromOffset); i < end; i++) {
      const row = this.partition(lane)[i];
      if (row) yield { ...row, offset: BigInt(i) };
    }
  }

  partition(lane: number): LogRow[] {
    const rows = this.partitions.get(lane) ?? [];
    this.partitions.set(lane, rows);
    return rows;
  }
}

interface Line extends Omit<LogRow, 'position' | 'data' | 'digest'> {
  position: string;
  data: string;
  digest: string;
}

/** A topic as files, shared by processes that get killed: one a lane, a line a row, offset = byte. */
export class FileTopic implements RelayTarget {
  constructor(private readonly directory: string) {}

  async publish(lane: number, rows: readonly LogRow[]): Promise<bigint> {
    const lines = rows.map((row) =>
      JSON.stringify({
        ...row,
        position: String(row.position),
        data: row.data.toString('base64'),
        digest: row.digest.toString('hex'),
      }),
    );
    // One write in append mode: what two processes publish never mixes. It begins a new line, for the last one may be torn:
    // a process that is killed while it writes leaves some pages of it.
    appendFileSync(this.#file(lane), `\n${lines.join('\n')}\n`);
    return BigInt(statSync(this.#file(lane)).size);
  }

  async *read(lane: number, fromOffset: bigint): AsyncIterable<Message> {
    if (!existsSync(this.#file(lane))) return;
    let offset = Number(fromOffset);
    const text = readFileSync(this.#file(lane)).subarray(offset).toString('utf8');
    for (const line of text.split('\n').slice(0, -1)) {
      offset += Buffer.byteLength(line) + 1;
      if (!line.endsWith('}')) continue; // Between two batches, or torn.
      const { position, data, digest, ...rest } = JSON.parse(line) as Line;
      yield {
        ...rest,
        position: BigInt(position),
        data: Buffer.from(data, 'base64'),
        digest: Buffer.from(digest, 'hex'),
        offset: BigInt(offset - 1),
      };
    }
  }

  #file(lane: number): string {
    return join(this.directory, `${lane}.jsonl`);
  }
}
