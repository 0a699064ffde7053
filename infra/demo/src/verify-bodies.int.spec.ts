import { createHash } from 'node:crypto';
import { createLogSql, type EventLog, postgresLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import { createTestDatabase, type TestDatabase } from '@paylog/testing';
import type { Pool } from 'pg';
import { verifyBodies } from './verify-bodies.js';

let database: TestDatabase;
let pool: Pool;
let evidence: EventLog;
let archive: EventLog;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = createPool(database.url, { name: 'verify-bodies-spec' });
  await pool.query(createLogSql({ schema: 'evidence', lanes: 1, opened: true }));
  await pool.query(createLogSql({ schema: 'archive', lanes: 1, opened: true }));
  await pool.query('create table evidence_bodies (evidence_id text, body bytea)');
  evidence = await postgresLog(pool, 'evidence');
  archive = await postgresLog(pool, 'archive');
  for (const id of ['evd1', 'evd2', 'evd3']) await store(id);
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const append = (log: EventLog, stream: string, data: object, time = '2026-01-31T23:00:00.000Z') =>
  log.append([
    {
      lane: 0,
      stream,
      expectedVersion: 0,
      key: stream,
      rows: [
        {
          id: stream,
          type: 'Spec',
          schemaVersion: 1,
          source: 'spec',
          time,
          data: Buffer.from(JSON.stringify(data)),
        },
      ],
    },
  ]);
async function store(id: string, time?: string) {
  await append(evidence, id, { sha256: sha256(`body of ${id}`) }, time);
  await pool.query('insert into evidence_bodies values ($1, $2)', [id, `body of ${id}`]);
}
const edit = (id: string, body: string) =>
  pool.query('update evidence_bodies set body = $2 where evidence_id = $1', [id, body]);
const remove = (id: string) =>
  pool.query('delete from evidence_bodies where evidence_id = $1', [id]);
const said = async () => (await verifyBodies(pool)).said;

describe('verified bodies', () => {
  it('are as they were signed, or as the archive says they were redacted or expired', async () => {
    expect(await said()).toBe('3 bodies have the digests of their rows, 0 are redacted, 0 expired');
    await append(archive, 'redacted/evd2', { replacementSha256: sha256('gone') });
    await edit('evd2', 'gone');
    expect(await verifyBodies(pool)).toEqual({
      ok: true,
      said: '2 bodies have the digests of their rows, 1 are redacted, 0 expired',
    });
    await append(archive, 'expired/2026-01', {});
    await remove('evd1');
    expect(await said()).toBe('1 bodies have the digests of their rows, 1 are redacted, 1 expired');
  });

  it('are told apart from what was changed or taken away without a word', async () => {
    await edit('evd2', 'another');
    expect(await verifyBodies(pool)).toEqual({
      ok: false,
      said: 'lane 0, row 1, evidence evd2: its body was changed (tampered: 1)',
    });
    await append(archive, 'redacted/evd2', { replacementSha256: sha256('gone') });
    expect(await said()).toContain('tampered');
    await edit('evd2', 'gone');
    await remove('evd3');
    expect(await said()).toBe(
      'lane 0, row 2, evidence evd3: its body is gone, and nothing says why (missing: 1)',
    );
    await append(archive, 'expired/2025-12', {});
    expect(await said()).toContain('missing');
  });

  it('have evidence each', async () => {
    await pool.query(`insert into evidence_bodies values ('evd9', 'forged')`);
    expect(await verifyBodies(pool)).toEqual({
      ok: false,
      said: 'evidence evd9: a body without evidence (stray: 1)',
    });
  });
});
