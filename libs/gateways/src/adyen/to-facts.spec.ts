import { adyenItem, adyenWebhook, type AdyenFields } from '../simulated/adyen.js';
import { simulatedId } from '../simulated/happening.js';
import { verified } from '../signed.js';
import { AT, CONTEXT, HUNDRED, PAYMENT_ID, saidBy } from '../testing/said.js';
import type { ReadingContext, WebhookItem } from '../webhooks.js';
import { EVENT_CODES } from './to-facts.js';
import { adyenWebhooks } from './webhooks.js';

const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
const STORY = 'story';

const happening = {
  event: 'AUTHORISATION',
  story: STORY,
  amount: HUNDRED,
  at: AT,
  paymentId: PAYMENT_ID,
};
const item = (event: string, more: AdyenFields = {}): AdyenFields => ({
  ...adyenItem({ ...happening, event }, 'Shop'),
  ...more,
});

function read(fields: AdyenFields, context: ReadingContext = CONTEXT): WebhookItem {
  const { body } = adyenWebhook([fields], { hexKey: KEY });
  const [only, ...others] = adyenWebhooks.read(verified(body), context);
  if (only === undefined || others.length > 0) throw new Error('not one item');
  return only;
}

const names: Readonly<Record<string, string>> = {
  [simulatedId('', STORY, 'payment')]: 'PAY',
  [simulatedId('', STORY, 'capture')]: 'CAP',
  [simulatedId('', STORY, 'refund')]: 'REF',
  [simulatedId('', STORY, 'dispute')]: 'DIS',
};
const named = (lines: readonly string[] | string) =>
  Object.entries(names).reduce(
    (text, [id, name]) => text.replaceAll(id, name),
    typeof lines === 'string' ? lines : lines.join('\n'),
  );

describe('an item of Adyen says', () => {
  it.each<[string, ...string[]]>([
    ['AUTHORISATION', 'authorization PAY succeeded 10000 EUR'],
    ['AUTHORISATION/false', 'authorization PAY refused'],
    ['PENDING', 'authorization PAY pending'],
    ['OFFER_CLOSED', 'authorization PAY expired'],
    ['EXPIRE', 'authorization PAY expired'],
    ['CAPTURE', 'capture CAP succeeded 10000 EUR of PAY'],
    ['CAPTURE/false', 'capture CAP refused of PAY'],
    ['CAPTURE_FAILED', 'capture CAP reversed 10000 EUR of PAY'],
    ['REFUND', 'refund REF succeeded 10000 EUR of PAY'],
    ['REFUND/false', 'refund REF refused of PAY'],
    ['REFUND_FAILED', 'refund REF reversed 10000 EUR of PAY'],
    ['REFUNDED_REVERSED', 'refund REF reversed 10000 EUR of PAY'],
    ['POSTPONED_REFUND', 'refund REF pending 10000 EUR of PAY'],
    ['REFUND_WITH_DATA', 'refund REF succeeded 10000 EUR of PAY'],
    ['VOID_PENDING_REFUND', 'refund REF canceled of PAY'],
    ['CANCEL_OR_REFUND', 'refund REF unknown of PAY'],
    ['MANUAL_REVIEW_ACCEPT', 'hold PAY/review canceled'],
    ['MANUAL_REVIEW_REJECT', 'hold PAY/rejected requested'],
    ['REQUEST_FOR_INFORMATION', 'dispute DIS inquiry opened 10000 EUR of PAY'],
    ['NOTIFICATION_OF_CHARGEBACK', 'dispute DIS chargeback opened 10000 EUR of PAY'],
    [
      'CHARGEBACK',
      'dispute DIS chargeback opened 10000 EUR of PAY',
      'dispute_withdrawal DIS/chargeback succeeded 10000 EUR of DIS',
    ],
    [
      'CHARGEBACK_REVERSED',
      'dispute DIS chargeback won 10000 EUR of PAY',
      'dispute_reinstatement DIS/chargeback_reversed succeeded 10000 EUR of DIS',
    ],
    [
      'SECOND_CHARGEBACK',
      'dispute DIS second_chargeback opened 10000 EUR of PAY',
      'dispute_withdrawal DIS/second_chargeback succeeded 10000 EUR of DIS',
    ],
    ['PREARBITRATION_LOST', 'dispute DIS pre_arbitration lost 10000 EUR of PAY'],
    ['SCHEME_ARBITRATION_WON', 'dispute DIS arbitration won 10000 EUR of PAY'],
    ['INFORMATION_SUPPLIED', 'dispute_information'],
    ['NOTIFICATION_OF_FRAUD', 'fraud_notice'],
    ['PAYOUT_DECLINE', 'payout_event_deprecated'],
    ['REPORT_AVAILABLE', 'report_available'],
  ])('%s', (event, ...lines) => {
    expect(named(saidBy(read(item(event))))).toBe(lines.join('\n'));
  });

  it('something for each code that is known, and nothing for another', () => {
    for (const event of EVENT_CODES) {
      expect(['facts', 'ignored']).toContain(read(item(event)).kind);
      expect(saidBy(read(item(event)))).not.toBe('event_type_not_mapped');
    }
    expect(saidBy(read(item('CAPTURE', { eventCode: 'toString' })))).toBe('event_type_not_mapped');
  });

  it('a void without an amount, whatever stands there: it releases what was left', () => {
    const [line] = saidBy(read(item('CANCELLATION')));
    expect(line).toMatch(/^void \w+ succeeded of \w+$/);
    const [alone] = saidBy(read(item('TECHNICAL_CANCEL', { originalReference: '' })));
    expect(alone).toMatch(/^void \w+ succeeded$/);
  });

  it('that a capture was done again only as a question: no signature covers the words', () => {
    const again = item('CAPTURE', {
      reason: 'Transaction Recaptured',
      eventDate: '2026-03-05T12:00:00+01:00',
    });
    expect(named(saidBy(read(again)))).toBe('capture CAP/recapture unknown of PAY');
  });
});

describe('an item of Adyen', () => {
  it('is read by its signed fields: whatever else is changed, money and payment stay', () => {
    const changed = {
      reason: 'Refused',
      paymentMethod: 'x',
      operations: ['CANCEL'],
      additionalData: { 'metadata.paylog_payment': `pay${'b'.repeat(26)}`, amount: '1' },
    };
    const [honest, tampered] = [read(item('CAPTURE')), read(item('CAPTURE', changed))];
    expect(saidBy(tampered)).toEqual(saidBy(honest));
    expect(tampered).toMatchObject({ paymentId: PAYMENT_ID });
  });

  it('told twice gives the same facts; with another date, facts of their own that say the same', () => {
    const [one, same] = [read(item('CAPTURE')), read(item('CAPTURE', { reason: 'x' }))];
    expect(same).toEqual(one);
    const later = read(item('CAPTURE', { eventDate: '2026-03-02T12:00:00Z' }));
    expect(saidBy(later)).toEqual(saidBy(one));
    expect(later).not.toEqual(one);
  });

  it('of a payment that is not named waits for one of its references, and is then read as its', () => {
    const fields = item('CAPTURE', { merchantReference: 'order-7' });
    const [payment, capture] = [
      simulatedId('', STORY, 'payment'),
      simulatedId('', STORY, 'capture'),
    ];
    expect(read(fields)).toMatchObject({ kind: 'unresolved', references: [payment, capture] });
    const known = {
      ...CONTEXT,
      paymentOf: (id: string) => (id === payment ? PAYMENT_ID : undefined),
    };
    expect(read(fields, known)).toMatchObject({
      kind: 'facts',
      paymentId: PAYMENT_ID,
      references: [payment, capture],
    });
  });

  it.each([
    ['a negative amount', { amount: { value: -1, currency: 'EUR' } }],
    ['half a cent', { amount: { value: 0.5, currency: 'EUR' } }],
    ['more than is exact', { amount: { value: 2 ** 53, currency: 'EUR' } }],
    ['a currency that is none', { amount: { value: 1, currency: '!!!' } }],
    ['a currency Adyen is not known to take', { amount: { value: 1, currency: 'XXX' } }],
    ['a success that is neither', { success: 'perhaps' }],
    ['no reference', { pspReference: '' }],
    ['a date that is none', { eventDate: 'yesterday' }],
  ])('with %s is unreadable, and says why', (_, more) => {
    const result = read(item('CAPTURE', more));
    expect(result).toMatchObject({ kind: 'unreadable', error: expect.stringMatching(/\w{3}/) });
  });

  it('of the other mode is unreadable', () => {
    expect(read(item('CAPTURE'), { ...CONTEXT, mode: 'live' })).toMatchObject({
      kind: 'unreadable',
      path: '/live',
    });
  });

  it('among others is read by itself, and can be sent on by itself', () => {
    const items = [
      item('AUTHORISATION'),
      item('CAPTURE', { amount: { value: -1, currency: 'EUR' } }),
      item('REFUND'),
    ];
    const { body } = adyenWebhook(items, { hexKey: KEY });
    const read3 = adyenWebhooks.read(verified(body), CONTEXT);
    expect(read3.map(({ kind }) => kind)).toEqual(['facts', 'unreadable', 'facts']);
    for (const each of read3) {
      const [again] = adyenWebhooks.read(verified(each.alone?.() ?? Buffer.alloc(0)), CONTEXT);
      expect({ ...again, alone: undefined }).toEqual({ ...each, alone: undefined });
    }
  });

  it.each([
    ['CLP', 1000, 10n],
    ['CVE', 10, 1000n],
    ['IDR', 10, 1000n],
    ['ISK', 1000, 10n],
    ['JPY', 10, 10n],
    ['BHD', 10, 10n],
    ['EUR', 10, 10n],
  ])('counts %s as Adyen does: %i is %i of ours', (currency, value, minor) => {
    const result = read(item('CAPTURE', { amount: { value, currency } }));
    expect(result).toMatchObject({ facts: [{ amount: { minor, currency } }] });
  });
});

describe('a delivery of Adyen is known', () => {
  const identify = (body: Buffer) => adyenWebhooks.identify({ body, headers: {} }).eventId;

  it('by code, reference and success of its one item; by its bytes alone where it has many', () => {
    const one = adyenWebhook([item('CAPTURE')], { hexKey: KEY }).body;
    expect(identify(one)).toBe(`a1/CAPTURE/${simulatedId('', STORY, 'capture')}/true`);
    expect(
      identify(adyenWebhook([item('CAPTURE'), item('REFUND')], { hexKey: KEY }).body),
    ).toBeNull();
    expect(identify(Buffer.from('{'))).toBeNull();
  });

  it('by type and object where it tells of a platform, and is then passed over', () => {
    const body = Buffer.from('{"type":"balancePlatform.transfer.created","data":{"id":"1X"}}');
    expect(identify(body)).toBe('a1/balancePlatform.transfer.created/1X');
    expect(adyenWebhooks.read(verified(body), CONTEXT)).toMatchObject([
      { kind: 'ignored', reason: 'platform_event_not_mapped' },
    ]);
  });
});
