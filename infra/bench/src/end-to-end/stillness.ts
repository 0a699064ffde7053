import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@paylog/local';
import pg from 'pg';

const STILL_FOR_MS = 500;

/**
 * Releases are not the end: the ledger and others go on for a while. Nobody begins his round before nothing is written
 * any more, so that nobody pays for his neighbour.
 */
export class Stillness {
  private constructor(private readonly client: pg.Client) {}

  static async open(postgresUrl: string): Promise<Stillness> {
    const client = new pg.Client({ connectionString: postgresUrl });
    client.on('error', () => undefined); // Its queries fail, too.
    await client.connect();
    return new Stillness(client);
  }

  async wait(): Promise<void> {
    const unchanged = async (): Promise<true | undefined> => {
      const before = await this.#written();
      await sleep(STILL_FOR_MS);
      return (await this.#written()) === before ? true : undefined;
    };
    await waitFor('everything to be still', unchanged, { deadlineMs: 120_000 });
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  async #written(): Promise<string> {
    const { rows } = await this.client.query<{ at: string }>(
      'select pg_current_wal_insert_lsn() as at',
    );
    return rows[0]?.at ?? '';
  }
}
