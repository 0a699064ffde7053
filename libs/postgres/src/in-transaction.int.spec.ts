import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { isConnectionLost } from './connection-lost.js';
import { inTransaction } from './in-transaction.js';
import { createPool } from './pool.js';

const schema = `in_transaction_${randomBytes(6).toString('hex')}`;
const url = process.env['TEST_PG_URL'] ?? '';
let server: pg.Client;
let pool: pg.Pool;

beforeAll(async () => {
  server = new pg.Client(url);
  await server.connect();
  await server.query(`create schema ${schema}`);
  // One connection: whatever one transaction leaves behind, the next one meets.
  pool = createPool(url, { name: schema, max: 1 });
});
beforeEach(() =>
  server.query(`drop table if exists ${schema}.t; create table ${schema}.t (id int)`),
);
afterAll(async () => {
  await pool.end();
  await server.query(`drop schema ${schema} cascade`);
  await server.end();
});

const add = (client: pg.ClientBase, id: number) =>
  client.query(`insert into ${schema}.t values ($1)`, [id]);

async function ids(client: pg.ClientBase = server): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(`select id from ${schema}.t order by id`);
  return rows.map(({ id }) => id);
}

describe('a transaction', () => {
  it('is committed with its answer, and rolled back without one', async () => {
    const answer = await inTransaction(pool, async (client) => {
      await add(client, 1);
      expect(await ids()).toEqual([]);
      return 'done';
    });
    expect(answer).toBe('done');
    const none = await inTransaction(pool, async (client) => {
      await add(client, 2);
      return undefined;
    });
    expect(none).toBeUndefined();
    expect(await ids()).toEqual([1]);
  });

  it('is rolled back by a fault of the work or of a statement, and its connection serves the next', async () => {
    const fault = inTransaction(pool, async (client) => {
      await add(client, 1);
      throw new Error('thought better of it');
    });
    await expect(fault).rejects.toThrow('thought better of it');
    await inTransaction(pool, async (client) => (await add(client, 4)).rowCount ?? 0);
    const refused = inTransaction(pool, async (client) => {
      await add(client, 2);
      await client.query('select 1 / 0');
      return true;
    });
    await expect(refused).rejects.toMatchObject({ code: '22012' });
    await inTransaction(pool, async (client) => (await add(client, 3)).rowCount ?? 0);
    expect(await ids()).toEqual([3, 4]);
  });

  it('that can not even be rolled back leaves its connection to nobody', async () => {
    const stuck = inTransaction(pool, async (client) => {
      await add(client, 1);
      client.query = () => Promise.reject(new Error('no more queries')) as never;
      throw new Error('thought better of it');
    });
    await expect(stuck).rejects.toThrow('thought better of it');
    await inTransaction(pool, async (client) => (await add(client, 3)).rowCount ?? 0);
    expect(await ids()).toEqual([3]);
  });

  it('whose connection is lost says so, and the pool gives another', async () => {
    const lost = inTransaction(pool, async (client) => {
      await add(client, 1);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      await server.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await add(client, 2);
      return true;
    });
    expect(isConnectionLost(await lost.catch((error: unknown) => error))).toBe(true);
    await inTransaction(pool, async (client) => (await add(client, 3)).rowCount ?? 0);
    expect(await ids()).toEqual([3]);
  });

  it.each([
    ['read committed', [1]],
    ['repeatable read', []],
  ] as const)('%s: what others commit meanwhile shows as %j', async (isolation, seen) => {
    const second = await inTransaction(
      pool,
      async (client) => {
        await ids(client);
        await add(server, 1);
        return ids(client);
      },
      { isolation },
    );
    expect(second).toEqual(seen);
  });

  it('does what its owner puts around the commit: a fault before it undoes all, one behind it nothing', async () => {
    const around = (at: 'before' | 'after') =>
      inTransaction(pool, async (client) => (await add(client, at === 'before' ? 1 : 2)).rowCount, {
        atCommit: async (query) => {
          if (at === 'before') throw new Error('died');
          await query();
          throw new Error('died');
        },
      });
    await expect(around('before')).rejects.toThrow('died');
    await expect(around('after')).rejects.toThrow('died');
    expect(await ids()).toEqual([2]);
  });
});
