import type {
  NewParked,
  ParkedAge,
  ParkedEntry,
  ParkedFilter,
  ParkedListFilter,
  ParkedRow,
  Settled,
} from './log.js';

interface Entry extends ParkedRow {
  published: boolean;
}

/** The parked rows of the memory log. */
export class MemoryParking {
  readonly #entries = new Map<string, Entry>();

  park(parked: readonly NewParked[]): void {
    for (const row of parked) {
      if (this.#entries.has(row.id)) continue;
      const fresh = { status: 'parked', mended: null, parkedAt: new Date() } as const;
      this.#entries.set(row.id, { ...row, ...fresh, published: false });
    }
  }

  settle(settled: readonly Settled[]): void {
    for (const { id, status } of settled) {
      const entry = this.#open(id);
      if (entry) entry.status = status;
    }
  }

  find({ status, kind, reference, id, limit = 100 }: ParkedFilter = {}): ParkedRow[] {
    return [...this.#entries.values()]
      .filter((entry) => (status ? entry.status === status : isOpen(entry)))
      .filter((entry) => kind === undefined || entry.kind === kind)
      .filter((entry) => id === undefined || entry.id === id)
      .filter((entry) => !reference || reference.includes(entry.reference ?? ''))
      .slice(0, limit)
      .map(withoutPublished);
  }

  list(filter: ParkedListFilter): ParkedEntry[] {
    const { status, key, kind, reference, before, group, after, limit } = filter;
    const all = [...this.#entries.values()];
    const last = all.findIndex(({ id }) => id === after);
    const rest = after === undefined ? all : last === -1 ? [] : all.slice(last + 1);
    return rest
      .filter((entry) => (status ? entry.status === status : isOpen(entry)))
      .filter((entry) => key === undefined || entry.key === key)
      .filter((entry) => kind === undefined || entry.kind === kind)
      .filter((entry) => reference === undefined || entry.reference === reference)
      .filter((entry) => before === undefined || entry.parkedAt < before)
      .filter((entry) => group === undefined || entry.source.startsWith(`${group}/`))
      .slice(0, limit)
      .map(
        ({ published: _, value: _value, mended: _mended, headers: _headers, ...entry }) => entry,
      );
  }

  ages(): ParkedAge[] {
    const ages = new Map<string, ParkedAge>();
    for (const { source, kind, parkedAt } of [...this.#entries.values()].filter(isOpen)) {
      const group = source.split('/', 1)[0] ?? source;
      const age = ages.get(`${group}/${kind}`) ?? { group, kind, count: 0, oldest: parkedAt };
      ages.set(`${group}/${kind}`, { ...age, count: age.count + 1 });
    }
    return [...ages.values()];
  }

  markReady(id: string, mended?: Buffer): boolean {
    const entry = this.#open(id);
    if (!entry) return false;
    entry.status = 'ready';
    entry.mended = mended ?? entry.mended;
    return true;
  }

  discard(id: string): boolean {
    const entry = this.#open(id);
    if (entry) entry.status = 'discarded';
    return entry !== undefined;
  }

  unpublished(limit: number): ParkedRow[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.kind === 'poison' && !entry.published)
      .slice(0, limit)
      .map(withoutPublished);
  }

  markPublished(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry) entry.published = true;
    }
  }

  #open(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry && isOpen(entry) ? entry : undefined;
  }
}

const isOpen = (entry: Entry): boolean => entry.status === 'parked' || entry.status === 'ready';

function withoutPublished({ published: _, ...row }: Entry): ParkedRow {
  return row;
}
