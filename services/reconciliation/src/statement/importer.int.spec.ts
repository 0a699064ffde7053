import { createPublicKey, verify } from 'node:crypto';
import {
  canonicalJson,
  decodeMessage,
  RECONCILIATION_EXCEPTIONS,
  RECONCILIATION_RESULTS,
  SETTLEMENT_FACTS,
  fromWireFact,
} from '@paylog/contracts';
import type { EventLog, LogRow } from '@paylog/event-sourcing';
import { findBalances, findImbalance } from '../query/ledger.sql.js';
import { findExceptions } from '../query/exceptions.sql.js';
import { findLines, findStatement, findStatements } from '../query/statements.sql.js';
import {
  FakeGateway,
  importerOf,
  type Service,
  SIGNING_KEY,
  startTestService,
} from '../testing/database.js';
import {
  aliasOf,
  changesOf,
  chargeOf,
  factOf,
  idOf,
  money,
  refunded,
  sold,
  termsOf,
} from '../testing/payments.js';
import { PaymentStateInMemory } from '../testing/payment-state.js';
import { captureLine, CUT_OFF, feeOn, refundLine, statementOf } from '../testing/reports.js';
import { readReport } from './report-files.sql.js';

type Line = ReturnType<typeof captureLine>;

let service: Service;
let gateway: FakeGateway;
beforeEach(async () => {
  service = await startTestService();
  gateway = new FakeGateway();
});
afterEach(() => service.drop());

async function sell(order: string, minor: number, at?: string): Promise<void> {
  const facts = sold({ order, minor, ...(at !== undefined && { at }) });
  await service.tell(...changesOf(order, facts));
}

/** What nobody told of is told, comes back, and is judged. */
async function importAll(over: Parameters<typeof importerOf>[2] = {}): Promise<void> {
  await importerOf(service, gateway, over).round();
  await new PaymentStateInMemory(service).hear();
  await importerOf(service, gateway, over).round();
}

async function rowsOf(log: EventLog): Promise<LogRow[]> {
  const rows: LogRow[] = [];
  for (let lane = 0; lane < log.lanes; lane++) rows.push(...(await log.readLane(lane, 0n, 10_000)));
  return rows;
}

async function exceptions(): Promise<string[]> {
  const messages = (await rowsOf(service.logs.exceptions)).map(({ type, data }) =>
    decodeMessage(RECONCILIATION_EXCEPTIONS, type, data),
  );
  return messages
    .map((message) => {
      if (!message.ok) throw new Error(message.error);
      return `${message.type} ${message.data.class} ${message.data.gatewayObject}`;
    })
    .sort();
}

async function closings() {
  const messages = (await rowsOf(service.logs.results)).map(({ type, data }) =>
    decodeMessage(RECONCILIATION_RESULTS, type, data),
  );
  return messages.map((message) => {
    if (!message.ok) throw new Error(message.error);
    return message.data;
  });
}

const balances = async () =>
  Object.fromEntries(
    (await findBalances(service.pool)).map(({ account, balance }) => [account, balance]),
  );
const statusOf = async (statementId: string) =>
  (await findStatement(service.pool, statementId))?.status;

/** Everything in the logs, by digest. */
async function everything(): Promise<string[]> {
  const { ledger, exceptions: opened, results, settlement } = service.logs;
  const rows = await Promise.all([ledger, opened, results, settlement].map(rowsOf));
  return rows.flat().map(({ id, data }) => `${id} ${data.toString()}`);
}

const spoiled = (order: string, minor: number): Line => {
  const gross = money(minor + 100);
  const net = money(minor + 100 - feeOn(minor));
  return captureLine(order, minor, { gross, customerFacing: gross, net });
};
const dear = (order: string, minor: number): Line => {
  const fee = feeOn(minor) + 17;
  return captureLine(order, minor, { fee: money(fee), net: money(minor - fee) });
};
const stranger = (): Line => {
  const { paymentId: _p, ...line } = captureLine('stranger', 4_242);
  return line;
};

/** One order each: good, amount, fee, left out, twice; and a refund that agrees. */
async function spoiledPayout(): Promise<Line[]> {
  for (const [order, minor] of [
    ['good', 1_000],
    ['amount', 2_000],
    ['fee', 3_000],
    ['left_out', 4_000],
    ['twice', 5_000],
  ] as const) {
    await sell(order, minor);
  }
  const refund = refunded({ order: 'good' }, 1, 300, 'succeeded');
  const all = changesOf('good', [...sold({ order: 'good', minor: 1_000 }), ...refund]);
  await service.tell(...all);
  return [
    captureLine('good', 1_000),
    refundLine('good', 1, 300),
    spoiled('amount', 2_000),
    dear('fee', 3_000),
    captureLine('twice', 5_000),
    captureLine('twice', 5_000),
    stranger(),
  ];
}

const FOUND = [
  'ExceptionOpened amount_mismatch ch_amount',
  'ExceptionOpened duplicate_external ch_twice',
  'ExceptionOpened fee_variance ch_fee',
  'ExceptionOpened missing_at_psp ch_left_out',
  'ExceptionOpened missing_internal ch_stranger',
];

describe('a payout with planted discrepancies', () => {
  it('closes, with one exception for each and none invented', async () => {
    const lines = await spoiledPayout();
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    await importAll();
    expect(await exceptions()).toEqual(FOUND);
    const [closed, ...others] = await closings();
    expect(others).toEqual([]);
    expect(closed).toMatchObject({ lines: 7, matched: 3, exceptions: 5, revision: 1 });
    if (!closed) throw new Error('nothing was closed');
    const { signature, ...signed } = closed;
    const bytes = Buffer.from(canonicalJson(signed));
    const key = createPublicKey(SIGNING_KEY);
    expect(verify(null, bytes, key, Buffer.from(signature, 'base64'))).toBe(true);
    expect(await statusOf(statement.statementId)).toBe('closed');
  });

  it('books every cent: what is missing is still owed, what is wrong is in suspense', async () => {
    const lines = await spoiledPayout();
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    await importAll();
    expect(await findImbalance(service.pool)).toEqual([{ currency: 'EUR', imbalance: '0' }]);
    expect(await balances()).toMatchObject({
      'receivable:stripe-main': '4000',
      'payable:shop': '-14700',
      'payout_in_transit:stripe-main': String(statement.payout.minor),
      'payable:unassigned': '-4242',
      'suspense:stripe-main': String(-100 + 17 - 5_000),
    });
  });

  it('shows lines, matches and exceptions', async () => {
    const lines = await spoiledPayout();
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    await importAll();
    const shown = await findLines(service.pool, statement.statementId, 0, 100);
    expect(shown.map(({ verdict }) => verdict)).toEqual([
      'matched',
      'matched',
      'amount_mismatch',
      'fee_variance',
      'matched',
      'duplicate_external',
      'missing_internal',
    ]);
    expect(shown[0]?.payment_id).toBe(idOf('good'));
    const { statementId } = statement;
    const open = await findExceptions(service.pool, { statementId, status: 'open', limit: 10 });
    expect(open).toHaveLength(5);
    const days = await findStatements(service.pool, { day: CUT_OFF.slice(0, 10), limit: 10 });
    expect(days).toHaveLength(1);
  });

  it('is imported once: running it again changes and emits nothing', async () => {
    const lines = await spoiledPayout();
    gateway.pays(statementOf(lines), lines);
    await importAll();
    const before = await everything();
    await importerOf(service, gateway).round();
    await importerOf(service, gateway).round();
    expect(await everything()).toEqual(before);
    expect(gateway.reports).toBe(1);
  });

  it('survives two importers at once', async () => {
    const lines = await spoiledPayout();
    gateway.pays(statementOf(lines), lines);
    const rounds = [1, 2, 3].map(() => importerOf(service, gateway).round());
    await Promise.allSettled(rounds);
    await new PaymentStateInMemory(service).hear();
    await Promise.allSettled([1, 2, 3].map(() => importerOf(service, gateway).round()));
    await importerOf(service, gateway).round();
    expect(await exceptions()).toEqual(FOUND);
    expect(await closings()).toHaveLength(1);
    expect(await findImbalance(service.pool)).toEqual([{ currency: 'EUR', imbalance: '0' }]);
    expect(await balances()).toMatchObject({ 'receivable:stripe-main': '4000' });
  });
});

describe('a crash', () => {
  /** The n-th append after the start dies: before it is done, or when it is done and the answer is lost. */
  function dying(at: number, after: boolean) {
    let appends = 0;
    const wrap = (log: EventLog): EventLog =>
      new Proxy(log, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name !== 'append') return typeof value === 'function' ? value.bind(target) : value;
          return async (...args: Parameters<EventLog['append']>) => {
            appends += 1;
            if (appends === at && !after) throw new Error('died');
            const answers = await target.append(...args);
            if (appends === at) throw new Error('died');
            return answers;
          };
        },
      });
    const { ledger, settlement, exceptions: opened, results } = service.logs;
    return {
      logs: {
        ledger: wrap(ledger),
        settlement: wrap(settlement),
        exceptions: wrap(opened),
        results: wrap(results),
      },
      pool: service.pool,
    };
  }

  it.each([
    [1, false],
    [1, true],
    [2, false],
    [2, true],
    [3, false],
    [3, true],
  ])('at append %i (done: %p) is healed by the next round, nothing twice', async (at, after) => {
    const lines = await spoiledPayout();
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    await importerOf(service, gateway).round();
    await new PaymentStateInMemory(service).hear();
    await expect(importerOf(dying(at, after), gateway).round()).rejects.toThrow('died');
    expect(await statusOf(statement.statementId)).toBe('decided');
    const later = { now: () => '2026-03-09T00:00:00.000Z' };
    await importerOf(service, gateway, later).round();
    expect(await exceptions()).toEqual(FOUND);
    const [closed, ...others] = await closings();
    expect(others).toEqual([]);
    expect(closed?.closedAt).not.toBe(later.now());
    expect(await balances()).toMatchObject({ 'receivable:stripe-main': '4000' });
    expect(await findImbalance(service.pool)).toEqual([{ currency: 'EUR', imbalance: '0' }]);
    expect(await statusOf(statement.statementId)).toBe('closed');
  });

  it('while the report is taken leaves nothing that counts', async () => {
    const lines = await spoiledPayout();
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    async function* half(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(2_000_000, 'x');
      throw new Error('connection lost');
    }
    const broken = {
      account: gateway.account,
      payouts: () => gateway.payouts(),
      report: async () => half(),
    };
    await expect(importerOf(service, broken).round()).rejects.toThrow('connection lost');
    expect(await statusOf(statement.statementId)).toBe('announced');
    await importAll();
    expect(await exceptions()).toEqual(FOUND);
  });
});

describe('what we do not know yet', () => {
  it('is in transit until the grace period is over', async () => {
    const lines = [captureLine('late', 1_000)];
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    const importer = importerOf(service, gateway, { graceMs: 60_000 });
    await importer.round();
    expect(await statusOf(statement.statementId)).toBe('staged');
    expect(await exceptions()).toEqual([]);
    const waiting = (await findStatement(service.pool, statement.statementId))?.waiting_for;
    expect(waiting).toBe('the grace period to end');
    await sell('late', 1_000);
    await importer.round();
    expect(await statusOf(statement.statementId)).toBe('closed');
    expect(await exceptions()).toEqual([]);
  });

  it('is judged also while the gateway is away', async () => {
    const lines = [captureLine('late', 1_000)];
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    await importerOf(service, gateway, { graceMs: 60_000 }).round();
    await sell('late', 1_000);
    const away = {
      account: gateway.account,
      payouts: (): AsyncGenerator<never> => {
        throw new Error('connection refused');
      },
      report: () => Promise.reject(new Error('connection refused')),
    };
    await expect(importerOf(service, away).round()).rejects.toThrow('connection refused');
    expect(await statusOf(statement.statementId)).toBe('closed');
  });

  it('is in transit while our own reader is behind', async () => {
    const lines = [captureLine('late', 1_000)];
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    const marks: number[] = [];
    const ownSide = {
      mark: async () => marks.push(1),
      reached: async () => false,
    };
    const importer = importerOf(service, gateway, { ownSide });
    await importer.round();
    await importer.round();
    expect(marks).toHaveLength(1);
    expect(await statusOf(statement.statementId)).toBe('staged');
    const away = {
      mark: async () => Promise.reject(new Error('no broker')),
      reached: async () => true,
    };
    await importerOf(service, gateway, { ownSide: away }).round();
    expect(await statusOf(statement.statementId)).toBe('staged');
  });

  it('closes at once where everything agrees, whatever our reader is at', async () => {
    await sell('o1', 1_000);
    const lines = [captureLine('o1', 1_000)];
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    const ownSide = { mark: async () => 0, reached: async () => false };
    await importerOf(service, gateway, { ownSide, graceMs: 60_000 }).round();
    expect(await statusOf(statement.statementId)).toBe('closed');
  });

  it('is told to payment-state where a line names our payment, and matches when it comes back', async () => {
    const known = [
      termsOf({ order: 'o1', minor: 1_000 }),
      aliasOf('o1', chargeOf('o1'), `aut${'a'.repeat(26)}`),
    ];
    await service.tell(...changesOf('o1', known));
    const lines = [captureLine('o1', 1_000)];
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    const importer = importerOf(service, gateway);
    await importer.round();
    await importer.round();
    expect(await statusOf(statement.statementId)).toBe('staged');
    const told = await rowsOf(service.logs.settlement);
    expect(told).toHaveLength(1);
    const message = decodeMessage(SETTLEMENT_FACTS, 'FactRecorded', told[0]?.data ?? null);
    if (!message.ok) throw new Error(message.error);
    expect(message.data).toMatchObject({
      paymentId: idOf('o1'),
      fact: { kind: 'capture', outcome: 'succeeded', source: 'settlement' },
      line: { statement: 'po_1', number: 1 },
    });
    const facts = [...known, fromWireFact(message.data.fact)];
    await service.tell(...changesOf('o1', facts).slice(-1));
    await importer.round();
    expect(await statusOf(statement.statementId)).toBe('closed');
    expect(await exceptions()).toEqual([]);
    expect(await balances()).toMatchObject({ 'payable:shop': '-1000' });
  });

  it('is an exception when the fact came back and explains nothing', async () => {
    const known = [termsOf({ order: 'o1', minor: 1_000 })];
    await service.tell(...changesOf('o1', known));
    const lines = [captureLine('o1', 1_000)];
    const statement = statementOf(lines);
    gateway.pays(statement, lines);
    const importer = importerOf(service, gateway);
    await importer.round();
    const [row] = await rowsOf(service.logs.settlement);
    const other = {
      ...termsOf({ order: 'o2', minor: 1 }),
      id: row?.id ?? '',
      source: 'settlement' as const,
    };
    await service.tell(...changesOf('o1', [...known, other]).slice(-1));
    await importer.round();
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal ch_o1']);
  });
});

describe('what is due', () => {
  const second = (statement: string, line: Line): Line => ({ ...line, statement });

  it('is nothing that happened in or after the second of the cut-off', async () => {
    await sell('after', 1_000, '2026-03-02T00:00:00.400Z');
    await sell('o1', 1_000);
    const lines = [captureLine('o1', 1_000)];
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway).round();
    expect(await exceptions()).toEqual([]);
  });

  it('is found missing once, and explained by the later statement that has it', async () => {
    await sell('o1', 1_000);
    await sell('o2', 1_000);
    await sell('o3', 1_000);
    const first = [captureLine('o1', 1_000)];
    gateway.pays(statementOf(first, 'po_1'), first);
    const importer = importerOf(service, gateway);
    await importer.round();
    const missing = [
      'ExceptionOpened missing_at_psp ch_o2',
      'ExceptionOpened missing_at_psp ch_o3',
    ];
    expect(await exceptions()).toEqual(missing);
    const next = [second('po_2', captureLine('o2', 1_000))];
    gateway.pays({ ...statementOf(next, 'po_2'), createdAt: '2026-03-03T00:00:00.000Z' }, next);
    await importer.round();
    expect(await exceptions()).toEqual([...missing, 'ExceptionResolved missing_at_psp ch_o2']);
    const open = await findExceptions(service.pool, { status: 'open', limit: 10 });
    expect(open.map(({ data }) => data.gatewayObject)).toEqual(['ch_o3']);
    expect((await closings()).map(({ exceptions: count }) => count)).toEqual(
      expect.arrayContaining([2, 0]),
    );
  });

  it('is not missing while it may be in a payout whose lines are not known', async () => {
    await sell('o1', 1_000);
    const lines = [captureLine('o2', 1_000)];
    const earlier = { ...statementOf([], 'po_0'), createdAt: '2026-03-01T23:00:00.000Z' };
    gateway.pays(earlier, [], { linesReady: false });
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway).round();
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal ch_o2']);
    expect(await statusOf(earlier.statementId)).toBe('announced');
  });

  it('is no operation of another currency, as long as no line shows that it is converted', async () => {
    await service.tell(...changesOf('usd', sold({ order: 'usd', minor: 900, currency: 'USD' })));
    await sell('o1', 1_000);
    const lines = [captureLine('o1', 1_000)];
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway).round();
    expect(await exceptions()).toEqual([]);
  });

  it('claims an operation once over all statements, even under a newer name', async () => {
    const foreign = [
      termsOf({ order: 'o1', minor: 1_000 }),
      factOf('o1')('capture', 'ch_o1/capture', 'succeeded', money(1_000)),
    ];
    await service.tell(...changesOf('o1', foreign));
    const lines = [captureLine('o1', 1_000)];
    gateway.pays(statementOf(lines), lines);
    const importer = importerOf(service, gateway);
    await importer.round();
    const renamed = [...foreign, aliasOf('o1', 'ch_o1/capture', `cap${'a'.repeat(26)}`)];
    await service.tell(...changesOf('o1', renamed).slice(-1));
    const again = [second('po_2', captureLine('o1', 1_000))];
    gateway.pays({ ...statementOf(again, 'po_2'), createdAt: '2026-03-03T00:00:00.000Z' }, again);
    await importer.round();
    expect(await exceptions()).toEqual(['ExceptionOpened duplicate_external ch_o1']);
  });
});

describe('a statement that may not close', () => {
  it('stays open with its exception, and closes when the report is mended', async () => {
    await sell('o1', 1_000);
    const lines = [captureLine('o1', 1_000)];
    const statement = statementOf(lines);
    gateway.pays(statement, [captureLine('o1', 1_000, { category: 'risk_reserve' })]);
    const importer = importerOf(service, gateway);
    await importer.round();
    await importer.round();
    expect(await statusOf(statement.statementId)).toBe('stopped');
    expect(await exceptions()).toEqual(['ExceptionOpened unknown_type ch_o1']);
    expect(await closings()).toEqual([]);
    expect(await balances()).toMatchObject({ 'receivable:stripe-main': '1000' });
    expect(gateway.reports).toBe(1);
    gateway.pays(statement, lines);
    await service.pool.query(
      `update books.statements set staged_at = staged_at - interval '1 hour'`,
    );
    await importer.round();
    expect(await statusOf(statement.statementId)).toBe('closed');
    expect(await exceptions()).toEqual([
      'ExceptionOpened unknown_type ch_o1',
      'ExceptionResolved unknown_type ch_o1',
    ]);
    expect(await closings()).toHaveLength(1);
  });

  it('control totals that break stop it', async () => {
    await sell('o1', 1_000);
    const lines = [captureLine('o1', 1_000)];
    const statement = statementOf(lines);
    gateway.pays({ ...statement, payout: money(1) }, lines);
    await importerOf(service, gateway).round();
    expect(await statusOf(statement.statementId)).toBe('stopped');
    expect(await exceptions()).toEqual(['ExceptionOpened control_total_break po_1']);
  });

  it('does not hold up the others', async () => {
    await sell('o1', 1_000);
    const lines = [captureLine('o1', 1_000)];
    gateway.pays({ ...statementOf([], 'po_0'), payout: money(1) }, []);
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway).round();
    expect(await closings()).toMatchObject([{ statement: 'po_1' }]);
  });
});

describe('what is closed', () => {
  it('never changes', async () => {
    await sell('o1', 1_000);
    const lines = [captureLine('o1', 1_000)];
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway).round();
    for (const sql of [
      `update books.statements set payout = 1`,
      `update books.statement_lines set verdict = 'missing_internal'`,
      `delete from books.statement_lines`,
      `delete from books.claims`,
    ]) {
      await expect(service.asSuperuser(sql)).rejects.toThrow('never changes');
    }
  });

  it('keeps the report’s bytes, once, under their sha256', async () => {
    const big = Array.from({ length: 12_000 }, (_, i) => captureLine(`other${i}`, 1_000));
    const lines = [captureLine('o1', 1_000)];
    await sell('o1', 1_000);
    const file = [...lines, ...big.map((line) => ({ ...line, statement: 'po_other' }))];
    gateway.pays(statementOf(lines), file);
    gateway.pays(statementOf([], 'po_2'), file);
    await importerOf(service, gateway).round();
    expect(await closings()).toHaveLength(2);
    const { rows } = await service.pool.query<{ sha256: string; bytes: string; pieces: number }>(
      `select sha256, bytes, (select count(*)::int from books.report_pieces) as pieces
       from books.report_files`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.pieces).toBeGreaterThan(1);
    let read = 0;
    for await (const piece of readReport(service.pool, rows[0]?.sha256 ?? '')) read += piece.length;
    expect(String(read)).toBe(rows[0]?.bytes);
    expect((await closings())[0]?.fileSha256).toBe(rows[0]?.sha256);
    await service.asSuperuser(`update books.report_pieces set bytes = '\\x00' where number = 1`);
    const reading = async () => {
      for await (const _ of readReport(service.pool, rows[0]?.sha256 ?? ''));
    };
    await expect(reading()).rejects.toThrow('restore it');
  });
});
