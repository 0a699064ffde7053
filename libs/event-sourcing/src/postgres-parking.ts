import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import {
  FLUSH_BYTES_MAX,
  type ParkedAge,
  type ParkedEntry,
  type ParkedFilter,
  type ParkedListFilter,
  type ParkedRow,
  type ParkedStatus,
} from './log.js';
import { statement } from './log-sql.js';

const atFindParked = crossing('event-sourcing.find-parked');
const atListParked = crossing('event-sourcing.list-parked');
const atParkedAges = crossing('event-sourcing.parked-ages');
const atUnpublishedParked = crossing('event-sourcing.unpublished-parked');
const atMarkReady = crossing('event-sourcing.mark-ready');
const atDiscardParked = crossing('event-sourcing.discard-parked');
const atMarkPublished = crossing('event-sourcing.mark-published');

interface StoredEntry {
  id: string;
  kind: 'poison' | 'unresolved';
  source: string;
  partition: number;
  offset: string;
  key: string | null;
  stage: string;
  error: string;
  reference: string | null;
  stream: string | null;
  status: ParkedStatus;
  parked_at: Date;
}

interface StoredParked extends StoredEntry {
  value: Buffer | null;
  headers: Record<string, string>;
  mended: Buffer | null;
}

/** The parked rows of a log in Postgres. They are parked and settled by a flush (append.sql). */
export class PostgresParking {
  readonly #pool: Pool;
  readonly #sql: Record<
    'find' | 'list' | 'ages' | 'unpublished' | 'ready' | 'discard' | 'published',
    string
  >;

  constructor(pool: Pool, schema: string) {
    this.#pool = pool;
    this.#sql = {
      find: statement('find-parked.sql', schema),
      list: statement('list-parked.sql', schema),
      ages: statement('parked-ages.sql', schema),
      unpublished: statement('unpublished-parked.sql', schema),
      ready: statement('mark-ready.sql', schema),
      discard: statement('discard-parked.sql', schema),
      published: statement('mark-published.sql', schema),
    };
  }

  async find(filter: ParkedFilter = {}): Promise<ParkedRow[]> {
    const { status, kind, reference, id, limit = 100 } = filter;
    const statuses = status ? [status] : ['parked', 'ready'];
    const values = [statuses, kind ?? null, reference ?? null, limit, id ?? null];
    const { rows } = await atFindParked(() =>
      this.#pool.query<StoredParked>(this.#sql.find, values),
    );
    return rows.map(toParked);
  }

  async list(filter: ParkedListFilter): Promise<ParkedEntry[]> {
    const { status, key, kind, reference, before, group, after, limit } = filter;
    const statuses = status ? [status] : ['parked', 'ready'];
    const values = [
      statuses,
      key ?? null,
      group ?? null,
      after ?? null,
      limit,
      kind ?? null,
      reference ?? null,
      before ?? null,
    ];
    const { rows } = await atListParked(() =>
      this.#pool.query<StoredEntry>(this.#sql.list, values),
    );
    return rows.map(toParked);
  }

  async ages(): Promise<ParkedAge[]> {
    const { rows } = await atParkedAges(() => this.#pool.query<ParkedAge>(this.#sql.ages));
    return rows;
  }

  async unpublished(limit: number): Promise<ParkedRow[]> {
    const { rows } = await atUnpublishedParked(() =>
      this.#pool.query<StoredParked>(this.#sql.unpublished, [limit, FLUSH_BYTES_MAX]),
    );
    return rows.map(toParked);
  }

  async markReady(id: string, mended?: Buffer): Promise<boolean> {
    const { rowCount } = await atMarkReady(() =>
      this.#pool.query(this.#sql.ready, [id, mended ?? null]),
    );
    return rowCount === 1;
  }

  async discard(id: string): Promise<boolean> {
    const { rowCount } = await atDiscardParked(() => this.#pool.query(this.#sql.discard, [id]));
    return rowCount === 1;
  }

  async markPublished(ids: readonly string[]): Promise<void> {
    await atMarkPublished(() => this.#pool.query(this.#sql.published, [ids]));
  }
}

type Parked<S extends StoredEntry> = Omit<S, 'offset' | 'reference' | 'stream' | 'parked_at'> &
  Pick<ParkedRow, 'offset' | 'parkedAt' | 'reference' | 'stream'>;

function toParked<S extends StoredEntry>(stored: S): Parked<S> {
  const { offset, reference, stream, parked_at, ...rest } = stored;
  const row: Parked<S> = { ...rest, offset: BigInt(offset), parkedAt: parked_at };
  if (reference !== null) row.reference = reference;
  if (stream !== null) row.stream = stream;
  return row;
}
