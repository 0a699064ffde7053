import {
  decodeMessage,
  factId,
  foundPaymentId,
  RECONCILIATION_EXCEPTIONS,
} from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import type { Fact } from '@paylog/payment-domain';
import { publishNews } from '../publish/publish-news.js';
import { findExceptions } from '../query/exceptions.sql.js';
import { findBalances, findImbalance } from '../query/ledger.sql.js';
import { findStatement } from '../query/statements.sql.js';
import {
  FakeGateway,
  importerOf,
  type Service,
  silent,
  startTestService,
} from '../testing/database.js';
import { PaymentStateInMemory } from '../testing/payment-state.js';
import {
  ACCOUNT,
  AT,
  changesOf,
  chargeOf,
  containerOf,
  idOf,
  money,
  sold,
} from '../testing/payments.js';
import { captureLine, disputeLine, refundLine, statementOf } from '../testing/reports.js';

type Line = ReturnType<typeof captureLine>;

let service: Service;
let gateway: FakeGateway;
let state: PaymentStateInMemory;
beforeEach(async () => {
  service = await startTestService();
  gateway = new FakeGateway();
  state = new PaymentStateInMemory(service);
});
afterEach(() => service.drop());

const foundOf = (order: string) =>
  foundPaymentId({ mode: 'test', account: ACCOUNT, object: containerOf(order) });

/** A line in which nothing is ours: made in the gateway's dashboard. */
const theirs = ({ paymentId: _p, operationId: _o, ...line }: Line): Line => line;
const later = (statement: string, line: Line): Line => ({ ...line, statement });

/** What webhooks tell of a payment that nobody asked us for. */
function toldOf(order: string, minor: number): Fact[] {
  const charge = chargeOf(order);
  const base = (name: string) => ({ id: factId(order, name), at: AT, source: 'webhook' as const });
  const where = { mode: 'test', account: ACCOUNT, gateway: 'stripe' } as const;
  return [
    { ...base('origin'), type: 'origin', ...where, object: containerOf(order) },
    { ...base('alias'), type: 'alias', alias: containerOf(order), target: foundOf(order) },
    {
      ...base('capture'),
      type: 'operation',
      kind: 'capture',
      outcome: 'succeeded',
      operation: `${charge}/capture`,
      amount: money(minor),
      parent: charge,
    },
  ];
}

function adoption(order: string, into: string): Fact {
  return {
    type: 'adoption',
    id: factId('adoption', order, into),
    at: AT,
    source: 'operator',
    payment: foundOf(order),
    into,
    storefront: 'shop',
    orderId: 'R-7',
    operator: 'ines',
    reason: 'paid by a link',
  };
}

/** As payment-state does it: told there, taken back here. */
async function moveInto(order: string, into: string, facts: readonly Fact[]): Promise<void> {
  const moving = facts.filter(({ type }) => type !== 'origin');
  await state.tell(foundOf(order), [adoption(order, into)]);
  for (const fact of moving) {
    const id = factId('adopted', fact.id, into);
    const told = fact.type === 'alias' ? { ...fact, target: into } : fact;
    await state.tell(into, [{ ...told, id }]);
    await state.tell(foundOf(order), [
      {
        type: 'retraction',
        id: factId('retraction', id),
        at: AT,
        source: 'operator',
        retracts: fact.id,
        reason: 'adopted',
      },
    ]);
  }
}

async function importAll(): Promise<void> {
  await importerOf(service, gateway).round();
  await state.hear();
  await importerOf(service, gateway).round();
}

const publish = () => publishNews(service.pool, service.logs.exceptions, silent());

async function exceptions(): Promise<string[]> {
  const found: string[] = [];
  for (let lane = 0; lane < service.logs.exceptions.lanes; lane++) {
    for (const { type, data } of await service.logs.exceptions.readLane(lane, 0n, 1_000)) {
      const message = decodeMessage(RECONCILIATION_EXCEPTIONS, type, data);
      if (!message.ok) throw new Error(message.error);
      found.push(`${message.type} ${message.data.class} ${message.data.gatewayObject}`);
    }
  }
  return found.sort();
}

const balances = async () =>
  Object.fromEntries(
    (await findBalances(service.pool)).map(({ account, balance }) => [account, balance]),
  );
const statusOf = async (lines: readonly Line[]) =>
  (await findStatement(service.pool, statementOf(lines).statementId))?.status;

describe('a charge that nobody asked us for, told by a report', () => {
  it('is a payment found there: in the books, in no suspense, and finance’s to explain', async () => {
    const lines = [theirs(captureLine('stranger', 4_242))];
    gateway.pays(statementOf(lines), lines);
    await importAll();
    expect(await statusOf(lines)).toBe('closed');
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal ch_stranger']);
    const [open] = await findExceptions(service.pool, { status: 'open', limit: 10 });
    expect(open?.data).toMatchObject({
      paymentId: foundOf('stranger'),
      owner: 'finance',
      lineNumber: 1,
      found: { minor: '4242' },
    });
    const books = await balances();
    expect(books).toMatchObject({ 'payable:unassigned': '-4242' });
    expect(books['receivable:stripe-main'] ?? '0').toBe('0');
    expect(books['suspense:stripe-main'] ?? '0').toBe('0');
    expect(await findImbalance(service.pool)).toEqual([{ currency: 'EUR', imbalance: '0' }]);
  });

  it('is one exception, however many lines are about it', async () => {
    const refund = theirs(refundLine('stranger', 1, 1_000));
    const lines = [theirs(captureLine('stranger', 4_242)), refund];
    gateway.pays(statementOf(lines), lines);
    await importAll();
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal ch_stranger']);
    expect(await balances()).toMatchObject({ 'payable:unassigned': '-3242' });
  });

  it('is told of once, though the report is judged again and again, and by two', async () => {
    const lines = [theirs(captureLine('stranger', 4_242))];
    gateway.pays(statementOf(lines), lines);
    const rounds = () => Promise.allSettled([1, 2].map(() => importerOf(service, gateway).round()));
    await rounds();
    await rounds();
    expect(await state.hear()).toBe(3);
    await rounds();
    await importerOf(service, gateway).round();
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal ch_stranger']);
    expect(await statusOf(lines)).toBe('closed');
  });

  it('waits for our own side and the grace period first: it may only be late', async () => {
    const lines = [theirs(captureLine('late', 1_000))];
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway, { graceMs: 60_000 }).round();
    expect(await state.hear()).toBe(0);
    await service.tell(...changesOf('late', sold({ order: 'late', minor: 1_000 })));
    await importerOf(service, gateway, { graceMs: 60_000 }).round();
    expect(await statusOf(lines)).toBe('closed');
    expect(await exceptions()).toEqual([]);
  });
});

describe('a payment found by its webhooks', () => {
  it('is an exception at once, and the report that has it opens no other', async () => {
    await state.tell(foundOf('early'), toldOf('early', 900));
    await publish();
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal pi_early']);
    const lines = [theirs(captureLine('early', 900))];
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway).round();
    expect(await statusOf(lines)).toBe('closed');
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal pi_early']);
    const { statementId } = statementOf(lines);
    expect(await findExceptions(service.pool, { statementId, limit: 10 })).toHaveLength(1);
    expect(await balances()).toMatchObject({ 'payable:unassigned': '-900' });
  });

  it('has its exception published once, whoever dies in between', async () => {
    await state.tell(foundOf('early'), toldOf('early', 900));
    const { exceptions: log } = service.logs;
    const lost = new Proxy(log, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'append') return typeof value === 'function' ? value.bind(target) : value;
        return async (...args: Parameters<EventLog['append']>) => {
          await target.append(...args);
          throw new Error('died');
        };
      },
    });
    await expect(publishNews(service.pool, lost, silent())).rejects.toThrow('died');
    await Promise.all([publish(), publish()]);
    await publish();
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal pi_early']);
  });
});

describe('a found payment that is adopted', () => {
  it('moves to its storefront, and its exception is resolved', async () => {
    await state.tell(foundOf('early'), toldOf('early', 900));
    await state.tell(foundOf('early'), [adoption('early', foundOf('early'))]);
    await publish();
    expect(await exceptions()).toEqual([
      'ExceptionOpened missing_internal pi_early',
      'ExceptionResolved missing_internal pi_early',
    ]);
    const books = await balances();
    expect(books).toMatchObject({ 'payable:shop': '-900', 'receivable:stripe-main': '900' });
    expect(books['payable:unassigned'] ?? '0').toBe('0');
    const [resolved] = await findExceptions(service.pool, { status: 'resolved', limit: 10 });
    expect(resolved?.data.paymentId).toBe(foundOf('early'));
  });

  it('is settled in the order’s own payment: what a report had is claimed, what it has next matches', async () => {
    const facts = toldOf('early', 900);
    await state.tell(foundOf('early'), facts);
    await publish();
    const lines = [theirs(captureLine('early', 900))];
    gateway.pays(statementOf(lines), lines);
    await importerOf(service, gateway).round();
    await state.tell(idOf('own'), sold({ order: 'own', minor: 500 }));
    await moveInto('early', idOf('own'), facts);
    await publish();
    const next = [
      later('po_2', theirs(captureLine('early', 900))),
      later('po_2', captureLine('own', 500)),
    ];
    const second = { ...statementOf(next, 'po_2'), createdAt: '2026-03-03T00:00:00.000Z' };
    gateway.pays(second, next);
    await importerOf(service, gateway).round();
    expect(await exceptions()).toEqual([
      'ExceptionOpened duplicate_external ch_early',
      'ExceptionOpened missing_internal pi_early',
      'ExceptionResolved missing_internal pi_early',
    ]);
    expect(await balances()).toMatchObject({ 'payable:shop': '-1400' });
    expect((await balances())['payable:unassigned'] ?? '0').toBe('0');
  });
});

describe('what a report tells of a payment of ours that no webhook told', () => {
  it.each([
    ['a refund in the dashboard', () => theirs(refundLine('o1', 1, 300)), -700],
    ['one that names the payment only', () => withoutCharge(refundLine('o1', 1, 300)), -700],
    ['a dispute', () => theirs(disputeLine('o1', 1_000, 'dispute_withdrawal')), -1_000],
  ])('%s counts there, and the statement closes without exception', async (_, line, owed) => {
    await state.tell(idOf('o1'), sold({ order: 'o1', minor: 1_000 }));
    const lines = [captureLine('o1', 1_000), line()];
    gateway.pays(statementOf(lines), lines);
    await importAll();
    expect(await statusOf(lines)).toBe('closed');
    expect(await exceptions()).toEqual([]);
    const books = await balances();
    expect(books).toMatchObject({ 'payable:shop': String(owed) });
    expect(books['receivable:stripe-main'] ?? '0').toBe('0');
    expect(books['suspense:stripe-main'] ?? '0').toBe('0');
  });

  it('is left to a person where it names a payment that is not here', async () => {
    const lines = [{ ...theirs(refundLine('o1', 1, 300)), paymentId: idOf('elsewhere') }];
    gateway.pays(statementOf(lines), lines);
    await importAll();
    expect(await exceptions()).toEqual(['ExceptionOpened missing_internal re_o1_1']);
    expect(await state.hear()).toBe(0);
  });
});

function withoutCharge({
  authorizationId: _a,
  containerId: _c,
  operationId: _o,
  ...line
}: Line): Line {
  return line;
}
