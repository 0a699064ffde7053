import { encode, OPERATIONS_COMMANDS } from '@paylog/contracts';
import { memoryLog, type NewParked } from '@paylog/event-sourcing';
import { replayCommands, replayEach } from './replay.js';

const command = (value: Buffer): NewParked => ({
  id: 'prk1',
  kind: 'poison',
  source: 'intent.operations/operations.commands.v1',
  partition: 0,
  offset: 4n,
  key: 'intent',
  value,
  headers: { ce_id: '1', ce_type: 'VerifyPayment' },
  stage: 'decode',
  error: 'not readable',
});

const VERIFY = encode(OPERATIONS_COMMANDS, 'VerifyPayment', {
  service: 'intent',
  paymentId: 'payaaaaaaaaaaaaaaaaaaaaaaaaaa',
  operator: 'ann',
  reason: 'late answer',
});

async function parkedIn(value: Buffer) {
  const log = memoryLog({ schema: 'log', lanes: 1 });
  await log.append([], { parked: [command(value)] });
  return { log, rows: await log.parked() };
}

describe('replaying', () => {
  it('gives each row to the group that parked it, the others to the rest', async () => {
    const seen: string[] = [];
    const note = (name: string) => async (rows: readonly { id: string }[]) => {
      seen.push(...rows.map(({ id }) => `${name} ${id}`));
    };
    const { rows } = await parkedIn(VERIFY);
    const row = rows.at(0)!;
    const other = { ...row, id: 'prk2', source: 'intent.orders/storefront.orders.v1' };
    await replayEach({ 'intent.operations': note('operations') }, note('rest'))([row, other]);
    expect(seen).toEqual(['operations prk1', 'rest prk2']);
    await expect(replayEach({})([other])).rejects.toThrow(
      'nothing here replays messages of intent',
    );
  });

  it('obeys a mended command before it settles the row', async () => {
    const { log, rows } = await parkedIn(VERIFY);
    const obeyed: string[] = [];
    await replayCommands(log, async ({ type }) => void obeyed.push(type))(rows);
    expect(obeyed).toEqual(['VerifyPayment']);
    expect(await log.parked()).toEqual([]);
  });

  it('leaves a row whose command is unreadable still, or fails', async () => {
    const unreadable = await parkedIn(Buffer.from('{'));
    await expect(replayCommands(unreadable.log, async () => {})(unreadable.rows)).rejects.toThrow(
      'prk1 is still not readable',
    );
    const failing = await parkedIn(VERIFY);
    const fail = () => Promise.reject(new Error('away'));
    await expect(replayCommands(failing.log, fail)(failing.rows)).rejects.toThrow('away');
    expect(await failing.log.parked()).toHaveLength(1);
  });
});
