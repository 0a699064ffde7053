import { foundPaymentId } from '@paylog/contracts';
import { ACCOUNT, chargeOf, containerOf, idOf, money } from '../testing/payments.js';
import { captureLine, disputeLine, numbered, refundLine } from '../testing/reports.js';
import { foundFacts, namesToAsk, unmatchedOthers } from './found-facts.js';
import type { JudgedLine } from './decide.js';

type Line = ReturnType<typeof captureLine>;

const REPORTING = { mode: 'test', account: ACCOUNT, gateway: 'stripe' } as const;
const FOUND = foundPaymentId({ mode: 'test', account: ACCOUNT, object: containerOf('x') });
const theirs = ({ paymentId: _p, operationId: _o, ...line }: Line): Line => line;
const finding = { class: 'missing_internal', note: '' } as const;
const judged = (lines: readonly Line[]): JudgedLine[] =>
  numbered(lines).map((line) => ({ line, finding }));
const told = (lines: readonly Line[], owners: Readonly<Record<string, string>> = {}) =>
  foundFacts(REPORTING, unmatchedOthers(judged(lines)), new Map(Object.entries(owners)));

describe('what a report tells that nobody else did', () => {
  it('is of a payment found there, told once for all its lines, under the names that webhooks give', () => {
    const facts = told([theirs(captureLine('x', 900)), theirs(refundLine('x', 1, 300))]);
    expect(facts.map(({ paymentId, line }) => [paymentId, line.number])).toEqual([
      [FOUND, 1],
      [FOUND, 1],
      [FOUND, 1],
      [FOUND, 2],
    ]);
    expect(facts.map(({ fact }) => fact)).toMatchObject([
      { type: 'origin', ...REPORTING, object: containerOf('x') },
      { type: 'alias', alias: containerOf('x'), target: FOUND },
      { kind: 'capture', operation: `${chargeOf('x')}/capture`, amount: money(900) },
      { kind: 'refund', operation: 're_x_1', parent: chargeOf('x'), amount: money(300) },
    ]);
  });

  it('goes by the charge where there is no container', () => {
    const { containerId: _c, ...line } = theirs(captureLine('x', 900));
    const object = chargeOf('x');
    const facts = told([line]);
    expect(facts.map(({ fact }) => fact.type)).toEqual(['origin', 'operation']);
    expect(facts[0]?.paymentId).toBe(foundPaymentId({ mode: 'test', account: ACCOUNT, object }));
  });

  it.each([
    ['its metadata', idOf('x'), refundLine('x', 1, 300)],
    ['its charge', chargeOf('x'), theirs(refundLine('x', 1, 300))],
    ['its container', containerOf('x'), theirs(disputeLine('x', 300, 'dispute_withdrawal'))],
  ])('is of our payment where %s leads there', (_, name, line) => {
    const facts = told([line], { [name]: idOf('ours') });
    expect(facts).toMatchObject([{ paymentId: idOf('ours'), fact: { type: 'operation' } }]);
  });

  it('believes the metadata more than the charge, and the charge more than the container', () => {
    const [line] = numbered([refundLine('x', 1, 300)]);
    expect(line && namesToAsk(line)).toEqual([idOf('x'), chargeOf('x'), containerOf('x')]);
  });

  it('is nothing of a payment that is named and isn’t here, of what has no meaning, or of what agrees', () => {
    expect(told([refundLine('elsewhere', 1, 300), captureLine('elsewhere', 300)])).toEqual([]);
    expect(told([theirs({ ...captureLine('x', 900), kind: 'adjustment' })])).toEqual([]);
    const [line] = judged([theirs(captureLine('x', 900))]);
    expect(line && unmatchedOthers([{ line: line.line }])).toEqual([]);
  });
});
