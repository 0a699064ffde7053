import { generateKeyPairSync, sign } from 'node:crypto';
import { canonicalJson } from '@paylog/contracts';
import { bookDifferences, ledgerFigures, reconciliationFigures, without } from './check-books.js';
import type { Entry, Finance, OpenedException, Statement } from './finance.js';
import type { PaidOut, Truth } from './sandbox-truth.js';

const { privateKey } = generateKeyPairSync('ed25519');
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const entry = (debit: string, credit: string, currency = 'EUR') =>
  ({
    entryId: 'ent1',
    currency,
    lines: [
      { account: 'receivable:stripe-main', side: 'debit', minor: debit },
      { account: 'payable:shop', side: 'credit', minor: credit },
    ],
  }) as unknown as Entry;

function statement(change: Partial<Statement> = {}): Statement {
  const summary = { statement: 'po_1', currency: 'EUR', net: '970', payout: '970', matched: 3 };
  const signature = sign(null, Buffer.from(canonicalJson(summary)), privateKey).toString('base64');
  return { ...summary, signature, ...change } as unknown as Statement;
}

const paidOut: PaidOut = {
  payouts: [{ id: 'po_1', amount: 970, currency: 'eur' }],
  planted: [{ class: 'fee', object: 'ch_1' }],
};
const exception = { gatewayObject: 'ch_1', class: 'fee_variance' } as OpenedException;
const truth = {
  paymentIntents: [{ currency: 'eur', amountReceived: 1000, amountRefunded: 0, transfers: [] }],
} as unknown as Truth;

const books = (change: Partial<Pick<Finance, 'entries' | 'statements' | 'exceptions'>> = {}) =>
  ({
    entries: [entry('1000', '1000')],
    statements: [statement()],
    exceptions: [exception],
    unreadable: [],
    ...change,
  }) as unknown as Finance;
const differences = (finance: Finance) => bookDifferences(finance, truth, paidOut, pem).join('\n');

describe('the books', () => {
  it('differ in nothing when all is well', () => {
    expect(differences(books())).toBe('');
    expect(ledgerFigures(books().entries)).toEqual({ entries: 1, imbalance: { EUR: '0' } });
  });

  it('show an entry that is not balanced, by currency', () => {
    const entries = [entry('1000', '999')];
    expect(ledgerFigures(entries).imbalance).toEqual({ EUR: '1' });
    expect(differences(books({ entries }))).toContain('entry ent1 is not balanced');
  });

  it('show that we owe something else than the gateway took', () => {
    const entries = [entry('900', '900')];
    expect(differences(books({ entries }))).toContain(
      'owes 900 EUR, the gateway took and kept 1000',
    );
    expect(differences(books({ entries: [] }))).toContain(
      'owes 0 EUR, the gateway took and kept 1000',
    );
  });

  it('count what a report invented as owed to nobody', () => {
    const invented: PaidOut = {
      ...paidOut,
      planted: [{ class: 'missing_with_us', object: 'ch_1' }],
    };
    const found = { minor: '4242', currency: 'EUR' };
    const opened = { ...exception, class: 'missing_internal', found } as OpenedException;
    const nobodys = { ...entry('4242', '4242'), entryId: 'ent2' };
    const finance = books({ entries: [entry('1000', '1000'), nobodys], exceptions: [opened] });
    expect(bookDifferences(finance, truth, invented, pem)).toEqual([]);
    expect(bookDifferences(books({ exceptions: [opened] }), truth, invented, pem)).toEqual([
      'the ledger owes 1000 EUR, the gateway took and kept 5242',
    ]);
  });

  it('show what was planted and not found, called by another name, or invented', () => {
    expect(differences(books({ exceptions: [] }))).toContain('fee of ch_1 was called nothing');
    const second = { ...exception, class: 'amount_mismatch' } as OpenedException;
    expect(differences(books({ exceptions: [exception, second] }))).toContain(
      'fee of ch_1 was called fee_variance, amount_mismatch',
    );
    const misnamed = { ...exception, class: 'amount_mismatch' } as OpenedException;
    expect(differences(books({ exceptions: [misnamed] }))).toContain('was called amount_mismatch');
    const more = books({ exceptions: [exception, { ...exception, gatewayObject: 'ch_2' }] });
    expect(reconciliationFigures(more, paidOut)).toEqual({
      matched: 3,
      planted: ['ch_1'],
      found: ['ch_1', 'ch_2'],
      invented: ['ch_2'],
    });
  });

  it('show a statement of no payout, of another sum, or with a wrong signature', () => {
    const one = (change: Partial<Statement>) =>
      differences(books({ statements: [statement(change)] }));
    expect(one({ statement: 'po_2' })).toContain('of no payout');
    expect(one({ net: '971' })).toContain('adds up to 971, paid out were 970');
    expect(one({ matched: 4 })).toContain('its signature is wrong');
  });

  it('take each of a list out once', () => {
    expect(without(['a', 'a', 'b'], ['a'])).toEqual(['a', 'b']);
  });
});
