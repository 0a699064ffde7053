import { decode, LEDGER_ENTRIES } from '@paylog/contracts';
import { parkedFrom } from '@paylog/kafka';
import { countEntries, findBalances, findImbalance } from '../query/ledger.sql.js';
import { type Service, startTestService } from '../testing/database.js';
import {
  batchOf,
  changesOf,
  disputed,
  GROUP,
  idOf,
  money,
  refunded,
  sold,
  factOf,
  withdrawalOf,
} from '../testing/payments.js';
import { laneOf, toEntry, toRow } from './entry.js';
import { record } from './ledger-book.js';
import { post } from './post.js';

let service: Service;
beforeEach(async () => {
  service = await startTestService();
});
afterEach(() => service.drop());

const balances = async () =>
  Object.fromEntries(
    (await findBalances(service.pool)).map(({ account, balance }) => [account, balance]),
  );

const EVENTS = changesOf('o1', [
  ...sold({ order: 'o1', minor: 1_000 }),
  ...refunded({ order: 'o1' }, 1, 300, 'succeeded'),
]);
const NOW = () => '2026-03-02T00:00:10.000Z';

describe('the ledger', () => {
  it('posts a batch: entries, lines, balances and the offset in one commit', async () => {
    const outcome = await service.ingest.take(batchOf(EVENTS, 0n));
    expect(outcome).toBe('committed');
    expect(await balances()).toEqual({ 'payable:shop': '-700', 'receivable:stripe-main': '700' });
    expect(await findImbalance(service.pool)).toEqual([{ currency: 'EUR', imbalance: '0' }]);
    expect(await countEntries(service.pool)).toBe(2);
    const rows = await service.logs.ledger.readStream(idOf('o1'));
    const [captured] = rows.map(({ data }) => decode(LEDGER_ENTRIES, 'EntryPosted', data));
    expect(captured).toMatchObject({
      ok: true,
      data: { reason: 'captured', paymentId: idOf('o1') },
    });
    const { partition } = batchOf(EVENTS, 0n);
    const next = await service.logs.ledger.offset(`${GROUP}/payments.events.v1`, partition);
    expect(next).toBe(BigInt(EVENTS.length));
  });

  it('holds what a dispute took, and expects a report to say so', async () => {
    const facts = [
      ...sold({ order: 'o1', minor: 1_000 }),
      ...disputed({ order: 'o1' }, 400, 'opened'),
    ];
    await service.ingest.take(batchOf(changesOf('o1', facts), 0n));
    expect(await balances()).toMatchObject({
      'dispute_held:stripe-main': '400',
      'receivable:stripe-main': '600',
    });
    const { rows } = await service.pool.query(
      'select operation, standing, minor::text from books.operations where kind = $1',
      ['dispute_withdrawal'],
    );
    expect(rows).toEqual([{ operation: withdrawalOf('o1'), standing: 'due', minor: '400' }]);
  });

  it('leaves nothing of a repetition: not of the batch, nor of its events under new offsets', async () => {
    await service.ingest.take(batchOf(EVENTS, 0n));
    expect(await service.ingest.take(batchOf(EVENTS, 0n))).toBe('fenced');
    expect(await service.ingest.take(batchOf(EVENTS, BigInt(EVENTS.length)))).toBe('committed');
    expect(await countEntries(service.pool)).toBe(2);
    expect(await balances()).toMatchObject({ 'payable:shop': '-700' });
  });

  it('takes nothing back for an old event that is replayed late', async () => {
    const parked = EVENTS[7];
    await service.ingest.take(
      batchOf(
        EVENTS.filter((event) => event !== parked),
        0n,
      ),
    );
    await service.tell(...EVENTS.slice(7, 8));
    expect(await balances()).toEqual({ 'payable:shop': '-700', 'receivable:stripe-main': '700' });
  });

  it('goes on from books that a restored backup left behind the ledger', async () => {
    const captured = EVENTS.findIndex(({ state }) => state.amounts.captured > 0n);
    await service.ingest.take(batchOf(EVENTS.slice(0, captured + 1), 0n));
    expect(await countEntries(service.pool)).toBe(1);
    await service.asSuperuser('delete from books.payments');
    const offset = BigInt(captured + 1);
    expect(await service.ingest.take(batchOf(EVENTS, offset))).toBe('committed');
    expect(await countEntries(service.pool)).toBe(2);
    expect(await balances()).toEqual({ 'payable:shop': '-700', 'receivable:stripe-main': '700' });
  });

  it('ends right when two processes post one payment at once', async () => {
    const { pool, logs } = service;
    for (let turn = 1; turn < EVENTS.length; turn += 2) {
      const both = [EVENTS.slice(0, turn), EVENTS.slice(0, turn + 1)];
      const racing = both.map((some) => record(pool, logs.ledger, some, {}, NOW));
      await Promise.all(racing);
    }
    await record(pool, logs.ledger, EVENTS, {}, NOW);
    expect(await balances()).toEqual({ 'payable:shop': '-700', 'receivable:stripe-main': '700' });
    expect(await findImbalance(pool)).toEqual([{ currency: 'EUR', imbalance: '0' }]);
  });

  it('parks what it cannot read, and applies it when it is mended', async () => {
    const [first, ...rest] = batchOf(EVENTS, 0n).messages;
    const last = rest.at(-1);
    if (!first || !last) throw new Error('no messages');
    const broken = { ...last, value: Buffer.from('{"paymentId":') };
    const batch = { ...batchOf(EVENTS, 0n), messages: [first, ...rest.slice(0, -1), broken] };
    expect(await service.ingest.take(batch)).toBe('committed');
    expect(await balances()).toMatchObject({ 'payable:shop': '-1000' });
    const { id } = parkedFrom(GROUP, broken, 'decode', '');
    expect(await service.logs.ledger.markReady(id, last.value ?? undefined)).toBe(true);
    await service.ingest.replay(await service.logs.ledger.parked({ status: 'ready' }));
    expect(await balances()).toMatchObject({ 'payable:shop': '-700' });
    expect(await service.logs.ledger.parked()).toEqual([]);
  });

  it('keeps what a report should hold, under every name', async () => {
    await service.tell(...EVENTS);
    const { rows } = await service.pool.query(
      `select kind, standing, minor, gateway_object from books.operations
       where names && array['ch_o1', 're_o1_1'] order by kind`,
    );
    expect(rows).toEqual([
      { kind: 'capture', standing: 'due', minor: '1000', gateway_object: 'ch_o1' },
      { kind: 'refund', standing: 'due', minor: '300', gateway_object: 're_o1_1' },
    ]);
  });
});

describe('the database', () => {
  const booking = {
    currency: 'EUR',
    reason: 'captured',
    causedBy: 'fct',
    valueDate: '2026-03-01',
    bookedOn: '2026-03-02',
  };
  const append = (key: string, changes: Record<string, bigint>) => {
    const entry = toEntry({ ...booking, changes }, [key]);
    return {
      lane: laneOf(key),
      stream: key,
      expectedVersion: 0,
      key,
      rows: [toRow(entry, NOW())],
      effects: { entries: [entry] },
    };
  };

  it('refuses an entry that is not balanced, and takes its neighbours', async () => {
    const answers = await service.logs.ledger.append([
      append('good', { a: 5n, b: -5n }),
      append('bad', { a: 5n, b: -4n }),
      append('fine', { a: 7n, b: -7n }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['appended', 'refused', 'appended']);
    expect(answers[1]).toMatchObject({ reason: expect.stringContaining('not balanced') });
    expect(await balances()).toEqual({ a: '12', b: '-12' });
  });

  it('refuses an entry in two currencies, and a lonely line', async () => {
    await service.logs.ledger.append([append('good', { a: 5n, b: -5n })]);
    const { rows } = await service.pool.query<{ entry_id: string }>(
      'select entry_id from books.entries',
    );
    const id = rows[0]?.entry_id ?? '';
    const insert = (values: string) =>
      service.pool.query(`insert into books.ledger_lines values ${values}`);
    await expect(insert(`('x', 1, 'a', 'EUR', 'debit', 5)`)).rejects.toThrow('not balanced');
    await expect(
      insert(`('x', 1, 'a', 'EUR', 'debit', 5), ('x', 2, 'b', 'USD', 'credit', 5)`),
    ).rejects.toThrow('2 currencies');
    await expect(insert(`('${id}', 3, 'a', 'EUR', 'debit', 1)`)).rejects.toThrow('not balanced');
  });

  it('refuses to change what is posted, even to the superuser', async () => {
    await service.tell(...EVENTS);
    for (const sql of [
      `update books.ledger_lines set minor = minor + 1`,
      `delete from books.ledger_lines`,
      `truncate books.entries`,
    ]) {
      await expect(service.asSuperuser(sql)).rejects.toThrow('post a correcting entry');
    }
  });

  it('lets no difference stand that was taken to a state which another process has gone beyond', async () => {
    const { pool, logs } = service;
    const reversed = factOf('o1')('capture', 'ch_o1/capture', 'reversed', money(1_000));
    const events = changesOf('o1', [...sold({ order: 'o1', minor: 1_000 }), reversed]);
    const captured = events.filter(({ state }) => state.amounts.captured > 0n).slice(0, 1);
    const stale = post(new Map(), captured, NOW());
    // Nothing to post, so nothing in the stream would give the stale one away.
    await record(pool, logs.ledger, events.slice(-1), {}, NOW);
    await expect(logs.ledger.append(stale.appends)).rejects.toMatchObject({ code: 'contention' });
    expect(await balances()).toEqual({});
    await record(pool, logs.ledger, captured, {}, NOW);
    expect(await balances()).toEqual({});
  });
});
