import { createHash } from 'node:crypto';
import { verifySignature } from '@paylog/gateways';
import { randomFrom } from '../random.js';
import { type FuzzedRequest, fuzzedRequest } from './requests.js';

const SECONDS = 1_780_000_000;
const SIGNER = { secret: 'whsec_spec', seconds: SECONDS, path: '/webhooks/stripe/stripe-main' };

function flood(count: number, seed = 1): FuzzedRequest[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, number) => fuzzedRequest(random, SIGNER, number));
}

function isSigned({ headers, body = Buffer.alloc(0) }: FuzzedRequest): boolean {
  const signature = headers['stripe-signature'];
  return verifySignature({
    body,
    header: typeof signature === 'string' ? signature : signature?.join(),
    secrets: [{ name: 'spec', value: SIGNER.secret }],
    receivedAt: new Date(SECONDS * 1_000).toISOString(),
  }).valid;
}

const digestOf = ({ body = Buffer.alloc(0), ...rest }: FuzzedRequest) =>
  createHash('sha256').update(JSON.stringify(rest)).update(body).digest('hex');

describe('fuzzed requests', () => {
  const requests = flood(1_000);

  it('are the same for the same seed', () => {
    const digests = (some: readonly FuzzedRequest[]) => some.slice(0, 200).map(digestOf);
    expect(digests(flood(200))).toEqual(digests(requests));
    expect(digests(flood(200, 2))).not.toEqual(digests(requests));
  });

  it('are called genuine only where they are signed', () => {
    expect(requests.filter((one) => one.genuine && !isSigned(one)).length).toBe(0);
  });

  it('are strange in something else where they are signed and not genuine', () => {
    const all = [...requests, ...flood(3_000, 7)]; // Of these one changes null into null.
    const strange = all.filter((one) => !one.genuine && isSigned(one));
    for (const { method, path, headers, body } of strange) {
      const elsewhere = method !== 'POST' || path !== SIGNER.path;
      const large = (body?.length ?? 0) > 1_048_576 || JSON.stringify(headers).length > 16_384;
      expect([elsewhere, large]).toContain(true);
    }
    expect(strange.length).toBeGreaterThan(20);
  });
});
