import {
  addLine,
  controlBreaks,
  NO_TOTALS,
  type LineProblem,
  type SettlementLine,
} from '../settlement-line.js';
import { readPayoutReport } from './settlement.js';

const PAYMENT = `pay${'a'.repeat(26)}`;
const REFUND = `ref${'b'.repeat(26)}`;
const HEADER =
  'automatic_payout_id,balance_transaction_id,created_utc,available_on_utc,reporting_category,source_id,currency,' +
  'gross,fee,net,charge_id,payment_metadata[paylog_payment],refund_metadata[paylog_operation_refund]';
const CHARGE = row({});

function row(over: Partial<Record<string, string>>): string {
  const fields = {
    payout: 'po_1',
    transaction: 'txn_1',
    created: '2026-03-01 12:00:00',
    available: '2026-03-01 12:00:00',
    category: 'charge',
    source: 'ch_1',
    currency: 'eur',
    gross: '100.00',
    fee: '3.20',
    net: '96.80',
    charge: 'ch_1',
    payment: PAYMENT,
    refund: '',
    ...over,
  };
  return Object.values(fields).join(',');
}

async function read(...lines: string[]) {
  return collect(readPayoutReport(bytesOf(lines.join('\n'))));
}

async function collect(rows: AsyncIterable<SettlementLine | LineProblem>) {
  const collected: (SettlementLine | LineProblem)[] = [];
  for await (const each of rows) collected.push(each);
  return collected;
}

/** In pieces that cut rows and characters. */
async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

describe('readPayoutReport', () => {
  it('reads a line exactly', async () => {
    expect(await read(HEADER, CHARGE)).toEqual([
      {
        result: 'line',
        statement: 'po_1',
        number: 1,
        kind: 'capture',
        category: 'charge',
        balanceTransaction: 'txn_1',
        gatewayObject: 'ch_1',
        authorizationId: 'ch_1',
        paymentId: PAYMENT,
        gross: { minor: 10_000n, currency: 'EUR' },
        fee: { minor: 320n, currency: 'EUR' },
        net: { minor: 9680n, currency: 'EUR' },
        customerFacing: { minor: 10_000n, currency: 'EUR' },
        createdAt: '2026-03-01T12:00:00.000Z',
        availableAt: '2026-03-01T12:00:00.000Z',
      },
    ]);
  });

  it('reads columns by name, in any order, with a byte order mark and stray spaces', async () => {
    const columns = HEADER.split(',');
    const shuffled = [...columns.slice(5), ...columns.slice(0, 5)];
    const fields = CHARGE.split(',');
    const lines = await read(
      `\ufeff${shuffled.map((name) => ` ${name} `).join(',')}`,
      [...fields.slice(5), ...fields.slice(0, 5)].join(','),
    );
    expect(lines).toEqual(await read(HEADER, CHARGE));
  });

  it('reads what is passed on to participants and taken back', async () => {
    const payout = `par${'c'.repeat(26)}`;
    const names = 'transfer_metadata[paylog_payment],transfer_metadata[paylog_operation_transfer]';
    const transfer = {
      source: 'tr_1',
      gross: '-72.00',
      fee: '0.00',
      net: '-72.00',
      charge: '',
      payment: '',
    };
    const lines = await read(
      `${HEADER},${names}`,
      row({ ...transfer, category: 'transfer', of: PAYMENT, operation: payout }),
      row({
        ...transfer,
        category: 'transfer_reversal',
        source: 'trr_1',
        gross: '7.20',
        net: '7.20',
        of: '',
        operation: '',
      }),
    );
    expect(lines).toMatchObject([
      {
        kind: 'participant_payout',
        gatewayObject: 'tr_1',
        paymentId: PAYMENT,
        operationId: payout,
        gross: { minor: -7200n },
      },
      {
        kind: 'participant_payout_reversal',
        gatewayObject: 'trr_1',
        gross: { minor: 720n },
      },
    ]);
  });

  it('names the refund of ours', async () => {
    const [line] = await read(
      HEADER,
      row({
        category: 'refund',
        source: 're_1',
        gross: '-5.00',
        fee: '0.00',
        net: '-5.00',
        refund: REFUND,
      }),
    );
    expect(line).toMatchObject({ kind: 'refund', operationId: REFUND, gatewayObject: 're_1' });
    expect(line).toMatchObject({ gross: { minor: -500n } });
  });

  it.each([
    [{ gross: '1OO.00' }, 'malformed_amount', 'gross'],
    [{ gross: '100,00' }, 'missing_value', undefined],
    [{ fee: '' }, 'missing_value', 'fee'],
    [{ net: '96.81' }, 'net_differs', 'net'],
    [{ category: 'risk_reserved_funds' }, 'unknown_category', 'reporting_category'],
    [{ category: 'toString' }, 'unknown_category', 'reporting_category'],
    [{ currency: 'abc' }, 'unknown_currency', 'currency'],
    [{ created: '2026-02-30 12:00:00' }, 'malformed_time', 'created_utc'],
    [{ available: 'yesterday' }, 'malformed_time', 'available_on_utc'],
    [{ payout: '' }, 'missing_value', 'automatic_payout_id'],
  ])('%j is a problem, not a zero', async (fault, reason, column) => {
    const rows = await read(HEADER, CHARGE, row(fault), row({ transaction: 'txn_3' }));
    if (column === undefined) {
      // A comma too many is no longer a row of this table.
      expect(rows.at(-1)).toMatchObject({ result: 'problem', reason: 'malformed_csv' });
      return;
    }
    expect(rows).toHaveLength(3);
    expect(rows[1]).toMatchObject({ result: 'problem', number: 2, reason, column });
    expect(rows[2]).toMatchObject({ result: 'line', number: 3 });
  });

  it('says which columns are missing, and reads nothing then', async () => {
    const rows = await read('automatic_payout_id,gross', 'po_1,100.00');
    expect(rows).toContainEqual({
      result: 'problem',
      number: 0,
      reason: 'missing_column',
      column: 'net',
    });
    expect(rows.every((each) => each.result === 'problem')).toBe(true);
  });

  it('passes on what breaks the download', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${HEADER}\n${CHARGE}\n`);
      throw new Error('connection lost');
    }
    await expect(collect(readPayoutReport(broken()))).rejects.toThrow('connection lost');
  });

  it('is empty for an empty payout', async () => {
    expect(await read(HEADER)).toEqual([]);
  });
});

describe('controlBreaks', () => {
  const payout = { minor: 18_660n, currency: 'EUR' };
  const lines = () =>
    read(
      HEADER,
      CHARGE,
      row({ transaction: 'txn_2', gross: '100.00', fee: '3.20', net: '96.80' }),
      row({ transaction: 'txn_3', category: 'refund', gross: '-7.00', fee: '0.00', net: '-7.00' }),
    );

  it('finds nothing when the net of the lines is the payout', async () => {
    expect(controlBreaks(await totalsOf(lines()), payout)).toEqual([]);
  });

  it('names a difference', async () => {
    const totals = await totalsOf(lines());
    expect(controlBreaks(totals, { ...payout, minor: 18_661n })).toHaveLength(1);
    expect(controlBreaks(totals, { ...payout, currency: 'USD' })).toHaveLength(1);
  });

  it("counts the payout's own row apart, and checks it", async () => {
    const own = row({
      category: 'payout',
      source: 'po_1',
      gross: '-186.60',
      fee: '0',
      net: '-186.60',
    });
    const totals = await totalsOf(
      read(
        HEADER,
        CHARGE,
        CHARGE,
        row({ category: 'refund', gross: '-7', fee: '0', net: '-7' }),
        own,
      ),
    );
    expect(totals).toMatchObject({ lines: 3, payoutRows: 1 });
    expect(controlBreaks(totals, payout)).toEqual([]);
    expect(controlBreaks({ ...totals, payoutNet: -1n }, payout)).toHaveLength(1);
  });

  async function totalsOf(rows: ReturnType<typeof read>) {
    return (await rows)
      .filter((each): each is SettlementLine => each.result === 'line')
      .reduce(addLine, NO_TOTALS);
  }
});
