import { moneyOf } from './adyen/to-facts.js';
import type { AdyenItem } from './adyen/shapes.js';
import { parseBody as parseGoCardless } from './gocardless/signature.js';
import { parseEvent as parseGoCardlessEvent } from './gocardless/shapes.js';
import { toFacts as claimsOf } from './paypal/to-facts.js';
import { webhooksOf } from './providers.js';
import { signed, type Signed, type Unsigned, verified } from './signed.js';
import { parseBody } from './stripe/signature.js';
import { toFacts } from './stripe/to-facts.js';
import { CONTEXT } from './testing/said.js';

const ITEM: AdyenItem = {
  pspReference: '1',
  merchantAccountCode: 'Shop',
  amount: { value: 100, currency: 'EUR' },
  eventCode: 'CAPTURE',
  success: 'true',
};

/**
 * What the compiler refuses: the check is that these lines don't compile, `npm run check` makes it, and none is ever run.
 */
function refusedByTheCompiler(
  body: Buffer,
  unknown: unknown,
  item: AdyenItem,
  rest: Unsigned<AdyenItem>,
): void {
  // @ts-expect-error bytes that nobody verified are not read
  webhooksOf('stripe').read(body, CONTEXT);
  // @ts-expect-error nor parsed
  parseBody(body);
  // @ts-expect-error by no gateway
  parseGoCardless(body);
  // @ts-expect-error what is not signed says nothing of a payment
  toFacts(unknown, { account: 'main', mode: 'test' });
  // @ts-expect-error nor of a debit
  parseGoCardlessEvent(unknown);
  // @ts-expect-error an item is not signed because it looks like one
  moneyOf(item);
  // @ts-expect-error money is not read from what came beside the signed fields
  moneyOf(rest);
  // @ts-expect-error nor from there by name
  moneyOf(rest.unsigned);
  // @ts-expect-error a claim is nothing signed
  claimsOf(signed({}));
}

describe('what a signature covers', () => {
  it('is a type of its own: money is read from nothing else', () => {
    expect(refusedByTheCompiler).toBeInstanceOf(Function);
    const covered: Signed<AdyenItem> = signed(ITEM);
    expect(moneyOf(covered)).toEqual({ minor: 100n, currency: 'EUR' });
  });

  it('costs nothing: the value is the same', () => {
    const body = Buffer.from('{}');
    expect(verified(body)).toBe(body);
    expect(signed(ITEM)).toBe(ITEM);
  });
});
