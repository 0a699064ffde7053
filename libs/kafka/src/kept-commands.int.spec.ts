import type { Pool } from 'pg';
import { OPERATIONS_COMMANDS } from '@paylog/contracts';
import { createLogSql, type EventLog, type NewParked, postgresLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import { createTestDatabase } from '@paylog/testing';
import { type KeptCommands, postgresKeptCommands } from './kept-commands.js';
import { KEPT_COMMANDS_SQL } from './kept-commands.sql.js';
import { obeying, obeyKept, type OperationsCommand } from './operations.js';

const service = 'fulfillment';
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let pool: Pool;
let log: EventLog;
let kept: KeptCommands;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.url, { name: 'kept-commands-spec', max: 4 });
  await pool.query(createLogSql({ schema: 'facts', lanes: 1, opened: true }));
  await pool.query(KEPT_COMMANDS_SQL);
  log = await postgresLog(pool, 'facts');
  kept = postgresKeptCommands(pool, ['facts']);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const row = (id: string): NewParked => ({
  id,
  kind: 'poison',
  source: 'spec.facts/topic',
  partition: 0,
  offset: 0n,
  key: null,
  value: Buffer.from('bad'),
  headers: {},
  stage: 'decode',
  error: 'no',
});
const park = (id: string) => log.append([], { parked: [row(id)] });
function command(
  type: 'ReplayParked' | 'DiscardParked',
  parkedId: string,
  mended?: string,
): OperationsCommand {
  const data = { service, parkedId, operator: 'ada', reason: 'spec', ...(mended && { mended }) };
  return { ok: true, type, data, topic: OPERATIONS_COMMANDS } as unknown as OperationsCommand;
}
const base64 = (text: string) => Buffer.from(text).toString('base64');
const obey = (one: OperationsCommand) => obeying({ service, logs: [log], kept })(one);
const round = () => obeyKept({ service, logs: [log], kept });
const waiting = async () => (await pool.query('select from kept_commands')).rowCount;

describe('a command for a row that is not parked yet', () => {
  it('waits for it, and is obeyed once when it has come', async () => {
    await obey(command('ReplayParked', 'late', base64('good')));
    expect(await round()).toBe(0);
    await park('late');
    expect(await round()).toBe(1);
    expect(await log.parked({ id: 'late' })).toMatchObject([
      { status: 'ready', mended: Buffer.from('good') },
    ]);
    expect(await round()).toBe(0);
  });

  it('gives way to a later one, which keeps what was mended', async () => {
    await obey(command('ReplayParked', 'twice', base64('good')));
    await obey(command('ReplayParked', 'twice'));
    await park('twice');
    await round();
    expect((await log.parked({ id: 'twice' }))[0]?.mended).toEqual(Buffer.from('good'));
    await obey(command('ReplayParked', 'changed'));
    await obey(command('DiscardParked', 'changed'));
    await park('changed');
    await round();
    expect(await log.parked({ id: 'changed' })).toEqual([]);
  });

  it('is obeyed at once when the row comes while it is being kept', async () => {
    const slow: KeptCommands = {
      ...kept,
      keep: async (one) => {
        const answer = await kept.keep(one);
        await park('meanwhile');
        return answer;
      },
    };
    await obeying({ service, logs: [log], kept: slow })(command('ReplayParked', 'meanwhile'));
    expect((await log.parked({ id: 'meanwhile' }))[0]?.status).toBe('ready');
    expect(await waiting()).toBe(0);
  });

  it('is not kept for a row that is settled', async () => {
    await park('settled');
    await obey(command('DiscardParked', 'settled'));
    await obey(command('ReplayParked', 'settled'));
    expect(await waiting()).toBe(0);
  });

  it('waits a month at most', async () => {
    await obey(command('ReplayParked', 'misspelt'));
    await pool.query(`update kept_commands set kept_at = now() - interval '31 days'`);
    await postgresKeptCommands(pool, ['facts']).due();
    expect(await waiting()).toBe(0);
  });
});
