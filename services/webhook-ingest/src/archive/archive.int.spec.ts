import { type EventLog, postgresLog, verify } from '@paylog/event-sourcing';
import { createDataSource, createPool, migrate } from '@paylog/postgres';
import { createServiceDatabase, type ServiceDatabase } from '@paylog/testing';
import pg, { type Pool } from 'pg';
import { toAppend, toEvidence } from '../ingest/evidence.js';
import { MIGRATIONS } from '../migrations/index.js';
import { ARCHIVIST } from '../migrations/roles.js';
import { bytes, paid, PAYMENT } from '../testing/stripe.js';
import { announce } from './announcements.js';
import { expireMonth, heldMonths, replaceBody } from './archive.sql.js';
import { placeholderOf, redact } from './redaction.js';
import { dueMonths, expireDue } from './retention.js';

const NOW = new Date('2026-06-15T12:00:00Z');
const WHO = { operator: 'ada', reason: 'spec' };
const DAYS = 90;

let database: ServiceDatabase;
let service: Pool;
let owner: Pool;
let archivist: Pool;
let evidence: EventLog;
let archive: EventLog;

beforeAll(async () => {
  database = await createServiceDatabase('webhook-ingest');
  const superuser = new pg.Client({ connectionString: database.url });
  await superuser.connect();
  await superuser.query(`do $$ begin create role ${ARCHIVIST} login password 'paylog';
    exception when duplicate_object or unique_violation then null; end $$`);
  await superuser.query(`grant connect on database ${superuser.database} to ${ARCHIVIST}`);
  await superuser.end();
  const source = createDataSource(database.ownerUrl, { migrations: MIGRATIONS });
  await migrate(source);
  await source.destroy();
  service = createPool(database.serviceUrl, { name: 'service' });
  owner = createPool(database.ownerUrl, { name: 'owner' });
  const url = Object.assign(new URL(database.ownerUrl), {
    username: ARCHIVIST,
    password: 'paylog',
  });
  archivist = createPool(url.href, { name: 'archivist' });
  evidence = await postgresLog(service, 'evidence');
  archive = await postgresLog(archivist, 'archive');
  // A month of its own, as a system of that time had; May lies in the default partition.
  await owner.query(`create table evidence_bodies_2026_01 partition of evidence_bodies
    for values from ('2026-01-01T00:00:00Z') to ('2026-02-01T00:00:00Z')`);
});
afterAll(async () => {
  await Promise.all([service, owner, archivist].map((pool) => pool.end()));
  await database.drop();
});

/** A stored webhook that was read. */
async function stored(eventId: string, receivedAt: string, outcome?: string): Promise<string> {
  const body = bytes(paid(eventId, PAYMENT));
  const delivery = { gateway: 'stripe', account: 'stripe-main', body, headers: {}, receivedAt };
  const one = toEvidence(delivery, 'SECRET');
  await evidence.append([toAppend(one, body)]);
  if (outcome !== undefined) {
    await service.query(`insert into mapped_evidence (evidence_id, outcome) values ($1, $2)`, [
      one.id,
      outcome,
    ]);
  }
  return one.id;
}

async function bodyOf(id: string): Promise<string | undefined> {
  const { rows } = await service.query<{ body: Buffer }>(
    'select body from evidence_bodies where evidence_id = $1',
    [id],
  );
  return rows[0]?.body.toString();
}
const due = () => dueMonths(archivist, DAYS, NOW);
const months = async () => (await heldMonths(archivist)).map(({ month }) => month);

describe('retention', () => {
  it('drops months that are old enough as a whole, each announced first, and no other', async () => {
    const old = await stored('evt_jan', '2026-01-31T23:59:59.999Z', 'facts');
    const parted = await stored('evt_feb', '2026-02-01T00:00:00.000Z', 'ignored');
    const young = await stored('evt_mar', '2026-03-01T00:00:00.000Z', 'facts');
    expect((await due()).map(({ month, bodies }) => [month, bodies])).toEqual([
      ['2026-01', 1],
      ['2026-02', 1],
    ]);
    const expired = await expireDue(archivist, archive, await due(), DAYS, WHO, NOW);
    expect(expired.map(({ month }) => month)).toEqual(['2026-01', '2026-02']);
    expect([await bodyOf(old), await bodyOf(parted)]).toEqual([undefined, undefined]);
    expect(await bodyOf(young)).toBeDefined();
    const rows = await archive.readLane(0, 0n, 10);
    expect(rows.map(({ type, stream }) => [type, stream])).toEqual([
      ['EvidenceExpired', 'expired/2026-01'],
      ['EvidenceExpired', 'expired/2026-02'],
    ]);
    expect(JSON.parse(String(rows[0]?.data))).toEqual({
      month: '2026-01',
      retentionDays: DAYS,
      bodies: 1,
      ...WHO,
    });
    const { rows: parts } = await owner.query(`select to_regclass('evidence_bodies_2026_01') as t`);
    expect(parts).toEqual([{ t: null }]);
    expect(await verify(service, 'evidence')).toMatchObject({ ok: true, rows: 3n });
    expect(await verify(archivist, 'archive')).toMatchObject({ ok: true, rows: 2n });
  });

  it('leaves a month in which something is not read yet', async () => {
    await stored('evt_old_unread', '2026-01-15T00:00:00.000Z');
    expect(await due()).toMatchObject([{ month: '2026-01', needed: 1 }]);
    expect(await expireDue(archivist, archive, await due(), DAYS, WHO, NOW)).toEqual([]);
    expect(await months()).toContain('2026-01');
    await service.query(
      `insert into mapped_evidence select evidence_id, 'facts' from evidence_bodies on conflict do nothing`,
    );
  });

  it('goes on where a run ended that had announced and not dropped', async () => {
    expect(await due()).toMatchObject([{ month: '2026-01', needed: 0 }]);
    await expireDue(archivist, archive, await due(), DAYS, WHO, NOW);
    expect(await months()).not.toContain('2026-01');
    expect(await archive.readStream('expired/2026-01')).toHaveLength(1);
  });

  it('drops nothing that was not announced', async () => {
    await expect(expireMonth(archivist, '2026-03')).rejects.toThrow('was not announced');
    await expect(archivist.query('delete from evidence_bodies')).rejects.toThrow('denied');
    await expect(service.query('delete from evidence_bodies')).rejects.toThrow('denied');
    await expect(service.query('truncate evidence_bodies')).rejects.toThrow('denied');
    await expect(owner.query('delete from evidence_bodies')).rejects.toThrow('no announcement');
    await expect(owner.query('truncate evidence_bodies')).rejects.toThrow('refused');
    const forged = announce(
      await postgresLog(service, 'archive'),
      REDACTED,
      WHO,
      NOW.toISOString(),
    );
    await expect(forged).rejects.toThrow('denied');
  });
});

const REDACTED = {
  type: 'EvidenceRedacted',
  evidenceId: 'evd',
  sha256: 'a'.repeat(64),
  replacementSha256: 'b'.repeat(64),
} as const;

describe('redaction', () => {
  it('replaces one body, announced first, and its copy among the parked rows', async () => {
    const id = await stored('evt_person', '2026-06-01T00:00:00.000Z', 'unreadable');
    const other = await stored('evt_other', '2026-06-01T00:00:00.000Z', 'facts');
    const facts = await postgresLog(owner, 'facts');
    const row = {
      kind: 'poison',
      source: 'webhook-ingest/webhooks',
      partition: 0,
      key: null,
    } as const;
    const headers = { evidence: JSON.stringify({ id }) };
    const error = { stage: 'map', error: 'no', offset: 0n, headers };
    await facts.append([], {
      parked: [{ id: 'prk1', ...row, ...error, value: Buffer.from('Ada Lovelace') }],
    });
    expect(await redact(archivist, archive, id, WHO, NOW)).toBe('redacted');
    const placeholder = placeholderOf(id).toString();
    expect(await bodyOf(id)).toBe(placeholder);
    expect(await bodyOf(other)).toContain('evt_other');
    expect((await facts.parked())[0]?.value?.toString()).toBe(placeholder);
    const [announced] = await archive.readStream(`redacted/${id}`);
    expect(JSON.parse(String(announced?.data))).toMatchObject({ evidenceId: id, ...WHO });
    expect(await redact(archivist, archive, id, WHO, NOW)).toBe('redacted');
    expect(await archive.readStream(`redacted/${id}`)).toHaveLength(1);
    expect(await verify(service, 'evidence')).toMatchObject({ ok: true });
  });

  it('says what is not there, and replaces nothing unannounced or by other bytes', async () => {
    expect(await redact(archivist, archive, 'evdnobody', WHO, NOW)).toBe('unknown');
    const id = await stored('evt_kept', '2026-06-02T00:00:00.000Z', 'facts');
    const place = { receivedAt: '2026-06-02T00:00:00.000Z', sha256: '' };
    const replaced = replaceBody(archivist, id, place, placeholderOf(id));
    await expect(replaced).rejects.toThrow('was not announced');
    const edit = `update evidence_bodies set body = 'x' where evidence_id = $1`;
    await expect(service.query(edit, [id])).rejects.toThrow('denied');
    await expect(owner.query(edit, [id])).rejects.toThrow('no announcement');
    expect(await redact(archivist, archive, id, WHO, NOW)).toBe('redacted');
    await expect(owner.query(edit, [id])).rejects.toThrow('no announcement');
  });
});
