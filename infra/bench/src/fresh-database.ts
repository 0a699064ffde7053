import type { Pool } from 'pg';
import pg from 'pg';

/** Databases that begin alike, on one server: each round of each contender has one of its own. */
export class FreshDatabases {
  readonly #server: pg.Client;
  readonly #url: string;
  #made = 0;

  private constructor(server: pg.Client, url: string) {
    this.#server = server;
    this.#url = url;
  }

  /** `url`: a superuser's. */
  static async on(url: string): Promise<FreshDatabases> {
    const home = new URL(url);
    home.pathname = '/postgres';
    const server = new pg.Client({ connectionString: home.href, application_name: 'bench' });
    await server.connect();
    return new FreshDatabases(server, url);
  }

  /** A copy of a database that nobody is connected to; empty where none is given. Returns its URL. */
  async create(template = 'template0'): Promise<string> {
    this.#made += 1;
    const name = `bench_${this.#made}`;
    await this.#server.query(`create database ${name} template "${template}"`);
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async drop(url: string): Promise<void> {
    await this.#server.query(`drop database "${nameIn(url)}" with (force)`);
  }

  async close(): Promise<void> {
    await this.#server.end();
  }
}

export const nameIn = (url: string): string => new URL(url).pathname.slice(1);

/** All rows of a table, as the database has them. */
export async function countRows(pool: Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`select count(*) from ${table}`);
  return Number(rows[0]?.count);
}
