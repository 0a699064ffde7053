import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atToldBefore = crossing('fulfillment.told-before');

/** Which of these keys stand for something told. */
export async function toldBefore(pool: Pool, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const { rows } = await atToldBefore(() =>
    pool.query<{ key: string }>({
      name: 'told-before',
      text: 'select key from notifications.keys where key = any($1)',
      values: [keys],
    }),
  );
  return new Set(rows.map(({ key }) => key));
}
