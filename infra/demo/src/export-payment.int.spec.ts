import { createHash } from 'node:crypto';
import { createLogSql, type EventLog, postgresLog, rowDigest } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import { createTestDatabase, type TestDatabase } from '@paylog/testing';
import type { Pool } from 'pg';
import { exportPayment } from './export-payment.js';

const PAYMENT = `pay${'a'.repeat(26)}`;
const TIME = '2026-01-31T23:00:00.000Z';
const NOW = new Date('2026-03-01T00:00:00Z');

let database: TestDatabase;
let pool: Pool;
const logs = new Map<string, EventLog>();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.url, { name: 'export-spec' });
  for (const schema of ['intents', 'facts', 'payments', 'evidence', 'archive']) {
    await pool.query(createLogSql({ schema, lanes: 1, opened: true }));
    logs.set(schema, await postgresLog(pool, schema));
  }
  await pool.query(
    'create table evidence_bodies (evidence_id text, received_at timestamptz, body bytea)',
  );
  await pool.query('create table mapped_evidence (evidence_id text, payment_id text)');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function add(schema: string, stream: string, id: string, data: object, type = 'Spec') {
  const log = logs.get(schema)!;
  const expectedVersion = (await log.readStream(stream)).length;
  const bytes = Buffer.from(JSON.stringify(data));
  const row = { id, type, schemaVersion: 1, source: 'spec', time: TIME, data: bytes };
  const causationId = id.startsWith('fct') ? { causationId: id.replace('fct', 'evd') } : {};
  await log.append([
    { lane: 0, stream, expectedVersion, key: id, rows: [{ ...row, ...causationId }] },
  ]);
}
async function webhook(id: string, body: string | null, tells: boolean) {
  await add('evidence', id, id, { id, sha256: sha256(`signed ${id}`), secret: 'S' });
  if (body !== null) {
    await pool.query('insert into evidence_bodies values ($1, $2, $3)', [id, TIME, body]);
  }
  if (tells) await add('facts', PAYMENT, id.replace('evd', 'fct'), { fact: id });
  else await pool.query('insert into mapped_evidence values ($1, $2)', [id, PAYMENT]);
}

describe('the export of a payment', () => {
  it('holds its rows with what proves them, and the webhooks behind them, byte for byte', async () => {
    await add('intents', PAYMENT, 'intent-1', { asked: true });
    await add('payments', PAYMENT, 'event-1', { state: 'captured' });
    await add('payments', `pay${'b'.repeat(26)}`, 'event-2', { of: 'another' });
    await webhook('evd1', 'signed evd1', true);
    await webhook('evd2', 'signed evd2', false);
    await webhook('evd3', 'placeholder', true);
    await add(
      'archive',
      'redacted/evd3',
      'arc3',
      { replacementSha256: sha256('placeholder') },
      'EvidenceRedacted',
    );
    await webhook('evd4', 'edited', true);
    await webhook('evd5', null, true);
    const exported = await exportPayment({ database: () => pool }, PAYMENT, NOW);

    expect(exported.intents.map(({ id }) => id)).toEqual(['intent-1']);
    expect(exported.events.map(({ data }) => data)).toEqual([{ state: 'captured' }]);
    expect(exported.facts.map(({ causationId }) => causationId)).toEqual([
      'evd1',
      'evd3',
      'evd4',
      'evd5',
    ]);
    expect(exported.evidence.map(({ id, body }) => [id, body.state])).toEqual([
      ['evd1', 'intact'],
      ['evd2', 'intact'],
      ['evd3', 'redacted'],
      ['evd4', 'tampered'],
      ['evd5', 'gone'],
    ]);
    const [first, , redacted] = exported.evidence;
    expect(Buffer.from(first!.body.base64!, 'base64').toString()).toBe('signed evd1');
    expect(redacted?.announcements.map(({ type }) => type)).toEqual(['EvidenceRedacted']);
    const [row] = await logs.get('intents')!.readStream(PAYMENT);
    expect(exported.intents[0]?.digest).toBe(rowDigest(row!).toString('hex'));
    expect(exported.intents[0]?.block).toMatchObject({ first: '0', previousHash: '0'.repeat(64) });
  });

  it('says of a body that has gone with its month that it expired', async () => {
    await add('archive', 'expired/2026-01', 'arc5', {}, 'EvidenceExpired');
    const { evidence } = await exportPayment({ database: () => pool }, PAYMENT, NOW);
    expect(evidence.at(-1)).toMatchObject({ id: 'evd5', body: { state: 'expired', base64: null } });
  });
});
