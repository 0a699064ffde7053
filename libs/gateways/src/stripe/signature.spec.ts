import fc from 'fast-check';
import Stripe from 'stripe';
import { hostileBody, tampered } from '../testing/hostile-bytes.js';
import { signatureHeader, verifySignature, type SignedDelivery } from './signature.js';

const BODY = Buffer.from(
  '7b226964223a226576745f31222c2261223a22c3a9e284a2205c7530306539222c226e223a312e31307d',
  'hex',
);
const SECRET = 'whsec_abc';
const T = 1_700_000_000;
const secrets = [{ name: 'first', value: SECRET }];

function delivery(over: Partial<SignedDelivery> = {}): SignedDelivery {
  return {
    body: BODY,
    header: signatureHeader(BODY, SECRET, T),
    secrets,
    receivedAt: at(T),
    ...over,
  };
}

const receivedAfter = (age: number): string => at(T + age);

function at(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

describe('verifySignature', () => {
  it('agrees with the recorded vector', () => {
    const header = `t=${T},v1=18e94174320d739202bb15b3229fed2648eefecbc97671a443e98f779d3e2401`;
    expect(signatureHeader(BODY, SECRET, T)).toBe(header);
    expect(verifySignature(delivery({ header }))).toEqual({
      valid: true,
      secretName: 'first',
    });
  });

  it('finds what HMAC finds for a secret of any length', () => {
    for (const length of [1, 2, 63, 64, 65, 200]) {
      const value = 'é'.repeat(length);
      const header = signatureHeader(BODY, value, T);
      const given = [{ name: 'one', value }];
      expect(verifySignature(delivery({ header, secrets: given })).valid).toBe(true);
      const longer = [{ name: 'other', value: `${value}x` }];
      expect(verifySignature(delivery({ header, secrets: longer })).valid).toBe(false);
    }
  });

  it('judges a body with a byte order mark by its bytes', () => {
    const body = Buffer.concat([Buffer.from('efbbbf', 'hex'), BODY]);
    const header = `t=${T},v1=7c547f938d8d9a5d1ac77a96093f0527d30eb234409c35d0c8ab6262ca9cd804`;
    expect(verifySignature(delivery({ body, header })).valid).toBe(true);
  });

  it('takes any active secret with any v1, and says which secret it was', () => {
    const [, , v1] = /t=(\d+),v1=(\w+)/.exec(signatureHeader(BODY, 'whsec_new', T)) ?? [];
    const header = `t=${T},v1=${'0'.repeat(64)},v1=${v1 ?? ''},v0=ff`;
    const both = [...secrets, { name: 'second', value: 'whsec_new' }];
    expect(verifySignature(delivery({ header, secrets: both }))).toMatchObject({
      secretName: 'second',
    });
  });

  it('counts a secret only between its dates', () => {
    const early = [{ name: 'first', value: SECRET, notBefore: at(T + 1) }];
    const late = [{ name: 'first', value: SECRET, notAfter: at(T) }];
    for (const inactive of [early, late]) {
      expect(verifySignature(delivery({ secrets: inactive }))).toEqual({
        valid: false,
        reason: 'no_active_secret',
      });
    }
  });

  it.each([
    [300, true],
    [301, false],
    [-300, true],
    [-301, false],
  ])('received %i s after the signature: %s', (age, valid) => {
    expect(verifySignature(delivery({ receivedAt: at(T + age) })).valid).toBe(valid);
  });

  it.each([
    [undefined, 'header_missing'],
    ['', 'header_missing'],
    ['nonsense', 'header_malformed'],
    ['v1=00', 'header_malformed'],
    [`t=${T}`, 'no_v1_signature'],
    [`t=${T},v0=${'0'.repeat(64)}`, 'no_v1_signature'],
    [`t=${T},v1=short`, 'signature_mismatch'],
  ])('header %p is refused as %s', (header, reason) => {
    expect(verifySignature(delivery({ header }))).toEqual({ valid: false, reason });
  });

  it('refuses a body of which one bit changed', () => {
    const body = Buffer.from(BODY);
    body.writeUInt8(body.readUInt8(5) ^ 1, 5);
    expect(verifySignature(delivery({ body })).valid).toBe(false);
  });
});

describe('the official SDK agrees', () => {
  const sdk = new Stripe('sk_test_unused');
  const bodies = [BODY, Buffer.from('{}'), Buffer.from('{"é":"\u{1f600}"}')];
  const headers = (body: Buffer): [string, string][] => [
    ['right', signatureHeader(body, SECRET, T)],
    ['made by the SDK', sdkHeader(body)],
    ['other secret', signatureHeader(body, 'whsec_other', T)],
    ['other body', signatureHeader(Buffer.from('{"a":1}'), SECRET, T)],
    ['two v1, second right', signatureHeader(body, SECRET, T).replace(',', ',v1=00,')],
    ['v0 only', signatureHeader(body, SECRET, T).replace('v1', 'v0')],
    ['other t', signatureHeader(body, SECRET, T).replace(String(T), String(T + 1))],
    ['upper case', signatureHeader(body, SECRET, T).toUpperCase().replace('T=', 't=')],
    ['two t, last right', `t=1,${signatureHeader(body, SECRET, T)}`],
    ['spaces', signatureHeader(body, SECRET, T).replace(',', ', ')],
    ['no header', ''],
    ['rubbish', 'a=b,c'],
  ];
  const cases = bodies.flatMap((body, index) =>
    headers(body).flatMap(([name, header]) =>
      [0, 299, 300, 302].map((age) => ({
        name: `body ${index}, ${name}, age ${age}`,
        body,
        header,
        age,
      })),
    ),
  );

  it.each(cases)('$name', ({ body, header, age }) => {
    const ours = verifySignature(delivery({ body, header, receivedAt: at(T + age) })).valid;
    expect(ours).toBe(sdkSays(body, header, T + age));
  });

  it('on any body, however the header is put together, by any of several secrets', () => {
    // The SDK takes a blank secret for none; we are never given one.
    const secret = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
      .filter((each) => each.trim() !== '');
    const part = fc.constantFrom('right', 'foreign', 'tampered', 'upper', 'short', 'v0');
    fc.assert(
      fc.property(
        hostileBody.filter(isText),
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.boolean(),
        fc.integer({ min: 0, max: 330 }),
        (body, ours, parts, at, timeLast, age) => {
          const by = ours[at % ours.length] ?? '';
          const v1 = (of: Buffer, value: string) =>
            signatureHeader(of, value, T).split('v1=')[1] ?? '';
          const made = {
            right: `v1=${v1(body, by)}`,
            foreign: `v1=${v1(body, `${by}x`)}`,
            tampered: `v1=${v1(tampered(body, at), by)}`,
            upper: `v1=${v1(body, by).toUpperCase()}`,
            short: `v1=${v1(body, by).slice(1)}`,
            v0: `v0=${v1(body, by)}`,
          };
          const signatures = parts.map((each) => made[each]);
          const header = (timeLast ? [...signatures, `t=${T}`] : [`t=${T}`, ...signatures]).join();
          const given = ours.map((value, i) => ({ name: String(i), value }));
          const verdict = verifySignature(
            delivery({ body, header, secrets: given, receivedAt: receivedAfter(age) }),
          );
          const theirs = ours.some((value) => sdkVerifies(body, header, T + age, value));
          expect(verdict.valid).toBe(theirs);
        },
      ),
    );
  });

  it('except for what is listed: times in the future, bytes that are no such text, a v1 that is empty', () => {
    const empty = signatureHeader(BODY, SECRET, T).replace(',', ',v1=,');
    expect(sdkSays(BODY, empty, T)).toBe(false);
    expect(verifySignature(delivery({ header: empty })).valid).toBe(true);
    const latin = Buffer.from([0x22, 0xe9, 0x22]);
    const ofLatin = signatureHeader(latin, SECRET, T);
    expect(sdkVerifies(latin, ofLatin, T, SECRET)).toBe(false);
    expect(verifySignature(delivery({ body: latin, header: ofLatin })).valid).toBe(true);
    expect(sdkSays(BODY, signatureHeader(BODY, SECRET, T), T - 86_400)).toBe(true);
    const body = Buffer.concat([Buffer.from('efbbbf', 'hex'), BODY]);
    expect(sdkSays(body, signatureHeader(body, SECRET, T), T)).toBe(false);
  });

  /** The listed differences apart: the SDK sees texts, which are not always the bytes that were signed. */
  function isText(body: Buffer): boolean {
    return (
      body.length > 0 &&
      new TextDecoder().decode(body) === body.toString('utf8') &&
      Buffer.from(body.toString('utf8')).equals(body)
    );
  }

  function sdkSays(body: Buffer, header: string, receivedAt: number): boolean {
    try {
      sdk.webhooks.constructEvent(body, header, SECRET, 300, undefined, receivedAt * 1000);
      return true;
    } catch {
      return false;
    }
  }

  /** As above, of a body that needn't be JSON. */
  function sdkVerifies(body: Buffer, header: string, receivedAt: number, secret: string): boolean {
    try {
      const { signature } = sdk.webhooks;
      signature?.verifyHeader(body, header, secret, 300, undefined, receivedAt * 1000);
      return signature !== null;
    } catch {
      return false;
    }
  }

  function sdkHeader(body: Buffer): string {
    return sdk.webhooks.generateTestHeaderString({
      payload: body.toString('utf8'),
      secret: SECRET,
      timestamp: T,
    });
  }
});
