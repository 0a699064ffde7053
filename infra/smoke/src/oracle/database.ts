import pg from 'pg';

/** Asks one question; answers its rows. */
export type Ask = <Row>(sql: string, values?: readonly unknown[]) => Promise<Row[]>;

const CONNECT_WITHIN_MS = 3_000;

/** Everything that `look` asks is answered as of one moment. */
export async function atOneMoment<T>(url: string, look: (ask: Ask) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    application_name: 'paylog-oracle',
  });
  client.on('error', () => {}); // The query that is broken by it says so.
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    return await look(async <Row>(sql: string, values: readonly unknown[] = []) => {
      const { rows } = await client.query(sql, [...values]);
      return rows as Row[];
    });
  } finally {
    await client.end().catch(() => {});
  }
}

/** What is not JSON, and not even text, says nothing; that its bytes were changed is for the chain to say. */
export function jsonOf<T>(value: Buffer | string): T | undefined {
  try {
    return JSON.parse(value.toString('utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Bytes that came as base64. */
export const jsonIn = <T>(base64: string): T | undefined => jsonOf(Buffer.from(base64, 'base64'));
