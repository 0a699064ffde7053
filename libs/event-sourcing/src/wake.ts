import type { Pool } from 'pg';

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
