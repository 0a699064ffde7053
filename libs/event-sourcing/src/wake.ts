import type { ClientBase, Pool } from 'pg';

type Listener = (lanes: number[]) => void;

/** Who in this process wants to know of new rows, by database (its pool) and schema. */
const listeners = new WeakMap<Pool, Map<string, Set<Listener>>>();

export function onAppended(pool: Pool, schema: string, listener: Listener): () => void {
  const bySchema = listeners.get(pool) ?? new Map<string, Set<Listener>>();
  listeners.set(pool, bySchema);
  const set = bySchema.get(schema) ?? new Set<Listener>();
  bySchema.set(schema, set);
  set.add(listener);
  return () => set.delete(listener);
}

export function wake(pool: Pool, schema: string, lanes: number[]): void {
  for (const listener of listeners.get(pool)?.get(schema) ?? []) listener(lanes);
}

/** The server processes that append for this process, by pool. */
const backends = new WeakMap<Pool, Set<number>>();

/** Rows appended on this connection wake this process by `wake`, sooner than by its own announcement. */
export function appendsOn(pool: Pool, client: ClientBase): void {
  let own = backends.get(pool);
  if (!own) {
    const fresh = (own = new Set());
    backends.set(pool, fresh);
    pool.on('remove', (gone) => fresh.delete(backendOf(gone)));
  }
  own.add(backendOf(client));
}

/** Whether an announcement by this server process tells what this process knows. */
export function isOwn(pool: Pool, backend: number): boolean {
  return backends.get(pool)?.has(backend) ?? false;
}

/** Missing in the types of node-postgres. */
const backendOf = (client: ClientBase): number =>
  (client as unknown as { processID: number }).processID;
