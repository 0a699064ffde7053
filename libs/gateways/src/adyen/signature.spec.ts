import { hmacValidator } from '@adyen/api-library';
import fc from 'fast-check';
import type { WebhookVerdict } from '../webhooks.js';
import { hostileBody, hostileText, tampered } from '../testing/hostile-bytes.js';
import { bodySignature, itemSignature, SIGNATURE_HEADER, verify } from './signature.js';

const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
const RECEIVED_AT = '2026-03-01T12:00:00.000Z';

/** The vendor's documented item. */
const ITEM = {
  pspReference: '7914073381342284',
  merchantAccountCode: 'TestMerchant',
  merchantReference: 'TestPayment-1407325143704',
  amount: { value: 1130, currency: 'EUR' },
  eventCode: 'AUTHORISATION',
  success: 'true',
};
const SIGNATURE = 'coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=';

type Item = Readonly<Record<string, unknown>>;

const signedItem = (item: Item, hmacSignature = itemSignature(item, KEY)): Item => ({
  ...item,
  additionalData: { hmacSignature },
});

const bodyOf = (...items: readonly Item[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      live: 'false',
      notificationItems: items.map((item) => ({ NotificationRequestItem: item })),
    }),
  );

interface Given {
  readonly keys?: readonly string[];
  readonly header?: string;
  readonly merchantAccount?: string;
}

function verdict(
  body: Buffer,
  { keys = [KEY], header, merchantAccount = 'TestMerchant' }: Given = {},
): WebhookVerdict {
  const headers = header === undefined ? {} : { [SIGNATURE_HEADER]: header };
  const webhookSecrets = keys.map((value, i) => ({ name: `key ${i}`, value }));
  return verify(
    { body, headers, receivedAt: RECEIVED_AT },
    { webhookSecrets, adyen: { merchantAccount } },
  );
}

describe('the signature of a standard item', () => {
  it('agrees with the documented vector', () => {
    expect(itemSignature(ITEM, KEY)).toBe(SIGNATURE);
    expect(verdict(bodyOf(signedItem(ITEM, SIGNATURE)))).toEqual({
      valid: true,
      secretName: 'key 0',
    });
  });

  it('says nothing of other fields: changed, they leave it valid', () => {
    const changed = {
      ...signedItem(ITEM, SIGNATURE),
      reason: 'tampered',
      eventDate: '2099-01-01T00:00:00Z',
      paymentMethod: 'mc',
    };
    expect(verdict(bodyOf(changed)).valid).toBe(true);
  });

  it('of every signed field, changed, is none any more', () => {
    for (const [field, value] of Object.entries({
      pspReference: 'other',
      originalReference: 'other',
      merchantReference: 'other',
      amount: { value: 1131, currency: 'EUR' },
      eventCode: 'CAPTURE',
      success: 'false',
    })) {
      expect(verdict(bodyOf({ ...signedItem(ITEM, SIGNATURE), [field]: value }))).toEqual({
        valid: false,
        reason: 'signature_mismatch',
      });
    }
    const usd = { ...signedItem(ITEM, SIGNATURE), amount: { value: 1130, currency: 'USD' } };
    expect(verdict(bodyOf(usd)).valid).toBe(false);
  });

  it('is refused when fields were cut at another colon: only our merchant account counts', () => {
    const shifted = 'fuZiqsYeR5U6gMDIMr3l85rb6/QT+OOjd+EiBdOHL/0=';
    const cut = { ...ITEM, merchantAccountCode: 'TestMerchant:X', merchantReference: 'Y' };
    const other = { ...ITEM, merchantAccountCode: 'TestMerchant', merchantReference: 'X:Y' };
    expect(itemSignature(cut, KEY)).toBe(shifted);
    expect(itemSignature(other, KEY)).toBe(shifted);
    expect(verdict(bodyOf(signedItem(cut, shifted)))).toEqual({
      valid: false,
      reason: 'merchant_account_mismatch',
    });
    expect(verdict(bodyOf(signedItem(other, shifted))).valid).toBe(true);
  });

  it('can be cut into fields in one way only: a colon anywhere else is refused', () => {
    const genuine = { ...ITEM, originalReference: 'B', merchantReference: 'TestMerchant:x' };
    const cut = {
      ...genuine,
      pspReference: '7914073381342284:B',
      originalReference: 'TestMerchant',
      merchantReference: 'x',
    };
    expect(itemSignature(cut, KEY)).toBe(itemSignature(genuine, KEY));
    expect(verdict(bodyOf(signedItem(genuine))).valid).toBe(true);
    expect(verdict(bodyOf(signedItem(cut)))).toEqual({
      valid: false,
      reason: 'colon_in_signed_field',
    });
  });

  it('must be on every item of a body, by any active key; all that matched are named', () => {
    const second = { ...ITEM, pspReference: 'second' };
    const newKey = KEY.replace('44', '55');
    const byTwo = bodyOf(signedItem(ITEM), signedItem(second, itemSignature(second, newKey)));
    expect(verdict(byTwo, { keys: [KEY, newKey] })).toEqual({
      valid: true,
      secretName: 'key 0, key 1',
    });
    expect(verdict(byTwo).valid).toBe(false);
    expect(verdict(bodyOf(signedItem(ITEM), second))).toEqual({
      valid: false,
      reason: 'signature_missing',
    });
  });

  it.each([
    ['no key that is hex', { keys: ['not hex', '', 'abc'] }, 'no_active_secret'],
    ['another account', { merchantAccount: 'Other' }, 'merchant_account_mismatch'],
  ])('with %s is refused', (_, given, reason) => {
    expect(verdict(bodyOf(signedItem(ITEM)), given)).toEqual({ valid: false, reason });
  });

  it.each([
    ['no items', bodyOf(), 'no_items'],
    ['an item that is none', Buffer.from('{"notificationItems":[7]}'), 'merchant_account_mismatch'],
    ['cut-off JSON', bodyOf(signedItem(ITEM)).subarray(0, 100), 'body_malformed'],
    [
      'a list for a reference',
      bodyOf(signedItem({ ...ITEM, pspReference: [1] })),
      'item_malformed',
    ],
    ['nothing of the kind', Buffer.from('{}'), 'header_missing'],
  ])('of a body with %s is refused', (_, body, reason) => {
    expect(verdict(body)).toEqual({ valid: false, reason });
  });
});

describe('the signature of the other webhooks', () => {
  const BODY = Buffer.from(
    '7b226964223a226576745f31222c2261223a22c3a9e284a2205c7530306539222c226e223a312e31307d',
    'hex',
  );

  it('is over the raw body, in a header', () => {
    const header = 'LPsZiHgWfeC4RI4NaidfQppckA0tPiTU2Gk/6ruAYss=';
    expect(bodySignature(BODY, KEY)).toBe(header);
    expect(verdict(BODY, { header })).toEqual({ valid: true, secretName: 'key 0' });
    expect(verdict(tampered(BODY, 3), { header }).valid).toBe(false);
  });

  it('stands for no standard item: those are signed one by one, whatever the header says', () => {
    const body = bodyOf(ITEM);
    expect(verdict(body, { header: bodySignature(body, KEY) })).toEqual({
      valid: false,
      reason: 'signature_missing',
    });
  });
});

describe('the official SDK agrees', () => {
  const sdk = new hmacValidator();
  const hexKey = fc
    .uint8Array({ minLength: 16, maxLength: 64 })
    .map((bytes) => Buffer.from(bytes).toString('hex'));
  const keys = fc.array(hexKey, { minLength: 1, maxLength: 4 });
  // No colons here: where they are refused is the listed difference.
  const text = hostileText.map((each) => each.replaceAll(':', ''));
  const reference = fc.option(text, { nil: undefined });
  const item = fc.record({
    pspReference: text,
    originalReference: reference,
    merchantReference: fc.option(hostileText, { nil: undefined }),
    amount: fc.record({
      value: fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double()),
      currency: text,
    }),
    eventCode: text,
    success: fc.constantFrom('true', 'false', ''),
  });
  const how = fc.constantFrom('right', 'foreign', 'tampered', 'url-safe', 'rubbish');

  it('on any standard item, by any of our keys, by another, or changed on the way', () => {
    fc.assert(
      fc.property(item, keys, hexKey, fc.nat(), how, (fields, ours, other, at, which) => {
        const sent = { ...fields, merchantAccountCode: 'TestMerchant' };
        const by = ours[at % ours.length] ?? '';
        // As it is after the way through JSON.
        const read = JSON.parse(JSON.stringify(sent)) as Item;
        const right = itemSignature(read, by);
        const hmacSignature = {
          right,
          tampered: itemSignature({ ...read, success: 'maybe' }, by),
          foreign: itemSignature(read, other),
          'url-safe': right.replaceAll('+', '-').replaceAll('/', '_'),
          rubbish: right.slice(0, -4),
        }[which];
        const whole = { ...read, additionalData: { hmacSignature } };
        const theirs = ours.some((key) => sdk.validateHMAC(whole as never, key));
        expect(verdict(bodyOf(whole), { keys: ours }).valid).toBe(theirs);
      }),
    );
  });

  it('on any other body', () => {
    fc.assert(
      fc.property(hostileBody, keys, hexKey, fc.nat(), how, (body, ours, other, at, which) => {
        const by = ours[at % ours.length] ?? '';
        const right = bodySignature(body, by);
        const header = {
          right,
          tampered: bodySignature(tampered(body, at), by),
          foreign: bodySignature(body, other),
          'url-safe': right.replaceAll('+', '-').replaceAll('/', '_'),
          rubbish: right.slice(0, -4),
        }[which];
        const text = body.toString('utf8');
        // The SDK takes texts: bytes that are none it can't be given.
        fc.pre(Buffer.from(text).equals(body));
        const theirs = ours.some((key) => sdk.validateHMACSignature(key, header, text));
        expect(verdict(body, { keys: ours, header }).valid).toBe(theirs);
      }),
    );
  });

  it('except where colons were shifted and for another merchant account, as listed', () => {
    const cut = signedItem({ ...ITEM, merchantAccountCode: 'TestMerchant:X' });
    expect(sdk.validateHMAC(cut as never, KEY)).toBe(true);
    expect(verdict(bodyOf(cut)).valid).toBe(false);
  });
});
