import type { PaymentState } from '@paylog/contracts';
import { whatIsMissing } from './drive.js';
import type { End, SeenAttempt } from './scenario.js';

const END: End = {
  labels: ['captured'],
  captured: 'all',
  refunded: 'none',
  goods: 'FulfillmentReleased',
};

function attempt(label: string, rest: Partial<SeenAttempt> = {}, final = true): SeenAttempt {
  const state = { label, final, operations: [] } as unknown as PaymentState;
  return { state, refused: [], conflicted: [], goods: ['FulfillmentReleased'], told: [], ...rest };
}

const missing = (end: End, ...attempts: SeenAttempt[]) =>
  whatIsMissing(end, { attempts, last: attempts.at(-1) as SeenAttempt });

describe('what is missing to the end of an order', () => {
  it('is nothing when all has come', () => {
    expect(missing(END, attempt('captured'))).toBeUndefined();
  });

  it('is a label, of each attempt', () => {
    expect(missing(END, attempt('authorized'))).toBe('labels captured; they are authorized');
    const twice: End = { ...END, labels: ['failed', 'captured'] };
    expect(missing(twice, attempt('failed'), attempt('pending'))).toContain('failed, pending');
    expect(missing(twice, attempt('failed'), attempt('captured'))).toBeUndefined();
  });

  it('is that it is final', () => {
    expect(missing(END, attempt('captured', {}, false))).toBe('attempt 1 to be final');
  });

  it('is what becomes of the goods, also where nothing should', () => {
    expect(missing(END, attempt('captured', { goods: [] }))).toContain('undecided');
    const none: End = { ...END, goods: undefined };
    expect(missing(none, attempt('captured'))).toContain('they are FulfillmentReleased');
  });

  it('is a conflict that was to be published, or one too many', () => {
    expect(missing({ ...END, conflicts: 1 }, attempt('captured'))).toContain('there are 0');
    const conflicted = [{}] as unknown as SeenAttempt['conflicted'];
    expect(missing(END, attempt('captured', { conflicted }))).toContain('there are 1');
  });

  it('is a decline with its class, or an operation', () => {
    const declined: End = { ...END, labels: ['failed'], goods: undefined, declined: true };
    expect(missing(declined, attempt('failed', { goods: [] }))).toBe('a published decline');
    const reversed: End = { ...END, operation: { kind: 'refund', status: 'reversed' } };
    expect(missing(reversed, attempt('captured'))).toBe('a refund that is reversed');
  });
});
