import fc from 'fast-check';
import { verifySignature } from 'gocardless-nodejs/webhooks';
import { hostileBody, tampered } from '../testing/hostile-bytes.js';
import { SIGNATURE_HEADER, signatureOf, verify } from './signature.js';

const BODY = Buffer.from(
  '7b226964223a226576745f31222c2261223a22c3a9e284a2205c7530306539222c226e223a312e31307d',
  'hex',
);
const RECEIVED_AT = '2026-03-01T12:00:00.000Z';

function verdict(
  body: Buffer,
  signature: string | undefined,
  values: readonly string[],
  window: { notBefore?: string; notAfter?: string } = {},
) {
  const headers = signature === undefined ? {} : { [SIGNATURE_HEADER]: signature };
  const webhookSecrets = values.map((value, i) => ({ name: `secret ${i}`, value, ...window }));
  return verify({ body, headers, receivedAt: RECEIVED_AT }, { webhookSecrets });
}

describe('the signature of GoCardless', () => {
  it('agrees with the recorded vector', () => {
    const recorded = '25b46270b7ef30f05f0a9a9dc22db6a33a1c389c9ee8ddcf3b27ddd6c2d5656e';
    expect(signatureOf(BODY, 'k')).toBe(recorded);
    expect(verdict(BODY, recorded, ['k'])).toEqual({ valid: true, secretName: 'secret 0' });
  });

  it('names the secret that matched, whichever of several it is', () => {
    expect(verdict(BODY, signatureOf(BODY, 'b'), ['a', 'b', 'c'])).toEqual({
      valid: true,
      secretName: 'secret 1',
    });
  });

  it.each([
    ['not before it counts', { notBefore: '2026-03-01T12:00:00.001Z' }],
    ['not from its end on', { notAfter: RECEIVED_AT }],
  ])('takes a secret %s', (_, window) => {
    expect(verdict(BODY, signatureOf(BODY, 'k'), ['k'], window)).toEqual({
      valid: false,
      reason: 'no_active_secret',
    });
  });

  it.each([
    ['missing', undefined, 'header_missing'],
    ['empty', '', 'header_missing'],
    ['of another secret', signatureOf(BODY, 'x'), 'signature_mismatch'],
    ['cut short', signatureOf(BODY, 'k').slice(2), 'signature_mismatch'],
    ['with more behind it', `${signatureOf(BODY, 'k')}00`, 'signature_mismatch'],
    ['no hex', 'zz'.repeat(32), 'signature_mismatch'],
  ])('that is %s is refused', (_, signature, reason) => {
    expect(verdict(BODY, signature, ['k'])).toEqual({ valid: false, reason });
  });
});

describe('the official SDK agrees', () => {
  const secret = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 });

  it('on any body, signed by any of our secrets, by another, or changed on the way', () => {
    fc.assert(
      fc.property(
        hostileBody,
        fc.array(secret, { minLength: 1, maxLength: 4 }),
        secret,
        fc.nat(),
        fc.constantFrom('right', 'foreign', 'tampered', 'upper', 'rubbish'),
        (body, ours, other, at, how) => {
          const by = ours[at % ours.length] ?? '';
          const right = signatureOf(how === 'tampered' ? tampered(body, at) : body, by);
          const signature = {
            right,
            tampered: right,
            foreign: signatureOf(body, other),
            upper: right.toUpperCase(),
            rubbish: right.replace(/[0-7]/g, 'z'),
          }[how];
          const theirs = ours.some((each) => sdkSays(body, each, signature));
          expect(verdict(body, signature, ours).valid).toBe(theirs);
        },
      ),
    );
  });

  function sdkSays(body: Buffer, secretValue: string, signature: string): boolean {
    try {
      verifySignature(body, secretValue, signature);
      return true;
    } catch {
      return false;
    }
  }
});
