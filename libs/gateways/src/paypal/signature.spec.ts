import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createAuthority, issue, type Authority, type Issued } from '../simulated/authority.js';
import { paypalWebhook } from '../simulated/paypal.js';
import { hostileBody, tampered } from '../testing/hostile-bytes.js';
import type { WebhookVerdict } from '../webhooks.js';
import { HEADERS, verify } from './signature.js';

const WEBHOOK_ID = 'WEBHOOKID';
const BODY = Buffer.from('{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}');
const RECEIVED_AT = new Date().toISOString();
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Both have the checksum 171600095: the signature of one is that of the other. */
const COLLIDING = [
  '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"CAP1","amount":{"currency_code":"USD","value":"1.00"}}}',
  '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"CAP1","amount":{"currency_code":"USD","value":"9999.00"}},"x":"hldep9fa"}',
].map((text) => Buffer.from(text)) as [Buffer, Buffer];

const folder = mkdtempSync(join(tmpdir(), 'paypal-certificates-'));
let root: Authority;
let signer: Issued;
let server: Server;
let host: string;
/** What the host answers, by path. */
const served = new Map<string, { status: number; body: string }>();
const asked: string[] = [];

beforeAll(async () => {
  root = await createAuthority('Root');
  writeFileSync(join(folder, 'roots.pem'), root.certificate);
  signer = await issue(root, 'Signer');
  const own = await issue(root, 'Host', { addresses: ['127.0.0.1'] });
  server = createServer({ key: own.privateKey, cert: own.certificate }, (request, response) => {
    asked.push(request.url ?? '');
    const { status, body } = served.get(request.url ?? '') ?? { status: 404, body: '' };
    const headers = status === 302 ? { location: '/good' } : {};
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  serve('/good', signer.certificate);
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const serve = (path: string, body: string, status = 200) => served.set(path, { status, body });

interface Given {
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly hosts?: readonly string[];
  readonly webhooks?: readonly string[];
  readonly receivedAt?: string;
}

let settings: { certificateHosts: readonly string[]; trustRootsFile: string };
beforeEach(() => {
  settings = { certificateHosts: [host], trustRootsFile: join(folder, 'roots.pem') };
  asked.length = 0;
});

function genuine(body: Buffer = BODY, path = '/good', privateKey = signer.privateKey) {
  const certificateUrl = `https://${host}${path}`;
  const by = { webhookId: WEBHOOK_ID, certificateUrl, privateKey };
  return paypalWebhook(body, by, { id: 'tid', time: '2026-01-01T00:00:00Z' });
}

async function verdict({
  body = BODY,
  headers = genuine().headers,
  hosts,
  webhooks = [WEBHOOK_ID],
  receivedAt = RECEIVED_AT,
}: Given): Promise<WebhookVerdict> {
  const webhookSecrets = webhooks.map((value, i) => ({ name: `webhook ${i}`, value }));
  if (hosts) settings = { ...settings, certificateHosts: hosts };
  return verify({ body, headers, receivedAt }, { webhookSecrets, paypal: settings });
}

const refused = (reason: string) => ({ valid: false, reason });

describe('an envelope of PayPal', () => {
  it('is good by the key of a certificate that a trusted root vouches for, for a webhook of ours', async () => {
    expect(await verdict({ webhooks: ['other', WEBHOOK_ID] })).toEqual({
      valid: true,
      secretName: 'webhook 1',
    });
  });

  it.each([
    ['of another webhook', { webhooks: ['WEBHOOK_ID'] }, 'signature_mismatch'],
    ['of another body', { body: Buffer.from('{}') }, 'signature_mismatch'],
  ])('%s is refused', async (_, given, reason) => {
    expect(await verdict(given)).toEqual(refused(reason));
  });

  it.each([
    [HEADERS.id, '', 'header_missing'],
    [HEADERS.time, '', 'header_missing'],
    [HEADERS.signature, '', 'header_missing'],
    [HEADERS.id, 'other', 'signature_mismatch'],
    [HEADERS.time, '2026-01-01T00:00:01Z', 'signature_mismatch'],
    [HEADERS.signature, 'AAAA', 'signature_mismatch'],
    [HEADERS.algorithm, 'SHA1withRSA', 'algorithm_not_allowed'],
    [HEADERS.certificate, '', 'certificate_address_not_allowed'],
  ])('with the header %s as %p is refused: %s', async (name, value, reason) => {
    expect(await verdict({ headers: { ...genuine().headers, [name]: value } })).toEqual(
      refused(reason),
    );
  });

  it('passes for no other transmission: what stands between id and time is in neither', async () => {
    const certificateUrl = `https://${host}/good`;
    const by = { webhookId: WEBHOOK_ID, certificateUrl, privateKey: signer.privateKey };
    const { headers } = paypalWebhook(BODY, by, { id: 'a', time: 'b|c' });
    expect(await verdict({ headers })).toEqual(refused('header_malformed'));
    // The same signed text, cut elsewhere.
    const cut = { ...headers, [HEADERS.id]: 'a|b', [HEADERS.time]: 'c' };
    expect(await verdict({ headers: cut })).toEqual(refused('header_malformed'));
  });

  it('vouches for a checksum of the body, and so for any body that has the same', async () => {
    const [one, other] = COLLIDING;
    const { headers } = genuine(one);
    expect(await verdict({ headers, body: one })).toMatchObject({ valid: true });
    expect(await verdict({ headers, body: other })).toMatchObject({ valid: true });
  });

  it('over any body is good, and over one that was changed by a bit is not', async () => {
    await fc.assert(
      fc.asyncProperty(hostileBody, fc.nat(), async (body, at) => {
        const { headers } = genuine(body);
        expect(await verdict({ headers, body })).toMatchObject({ valid: true });
        expect(await verdict({ headers, body: tampered(body, at) })).toMatchObject({
          valid: false,
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('the certificate', () => {
  it('is asked for once, and held', async () => {
    await verdict({});
    await verdict({});
    expect(asked).toEqual(['/good']);
    await Promise.all([verdict({}), verdict({})]);
    expect(asked).toEqual(['/good']);
  });

  it.each<[string, string | (() => string)]>([
    ['http', 'http://127.0.0.1/good'],
    ['another host', 'https://paypal.example/good'],
    ['a host that begins alike', 'https://127.0.0.1.example/good'],
    ['another port', 'https://127.0.0.1:1/good'],
    ['a user', 'https://user@127.0.0.1/good'],
    ['no address', 'nowhere'],
    ['a file', 'file:///etc/passwd'],
    ['an address written in another way', () => `https://${host}/x/../good`],
    ['an address with a query', () => `https://${host}/good?again`],
    ['an address with an escape', () => `https://${host}/g%6Fod`],
    ['an address with nothing between two slashes', () => `https://${host}//good`],
  ])('is never asked for at %s', async (_, given) => {
    const address = typeof given === 'string' ? given : given();
    const headers = { ...genuine().headers, [HEADERS.certificate]: address };
    expect(await verdict({ headers })).toEqual(refused('certificate_address_not_allowed'));
    expect(asked).toEqual([]);
  });

  it('may come from any port where that is configured', async () => {
    expect(await verdict({ hosts: ['127.0.0.1:*'] })).toMatchObject({ valid: true });
  });

  it.each([
    ['a redirect', () => serve('/bad', '', 302)],
    ['an error', () => serve('/bad', '', 500)],
    ['more than any certificate', () => serve('/bad', signer.certificate + ' '.repeat(100_000))],
  ])('that is answered with %s is not had: the gateway comes again', async (_, prepare) => {
    prepare();
    const { headers } = genuine(BODY, '/bad');
    const answer = { ...refused('certificate_unavailable'), again: true };
    expect(await verdict({ headers })).toEqual(answer);
    // Not asked for again at once.
    expect(await verdict({ headers })).toEqual(answer);
    expect(asked).toEqual(['/bad']);
  });

  it.each<[string, () => Promise<Issued>]>([
    ['is of another root', async () => issue(await createAuthority('Root'), 'Signer')],
    [
      'was signed by one that is no authority',
      async () => issue({ name: 'Signer', ...signer }, 'Below'),
    ],
  ])('that %s is refused', async (_, make) => {
    const { certificate, privateKey } = await make();
    serve('/foreign', certificate + signer.certificate);
    const { headers } = genuine(BODY, '/foreign', privateKey);
    expect(await verdict({ headers })).toEqual(refused('certificate_untrusted'));
  });

  it('that is none is refused', async () => {
    serve('/none', 'hello');
    expect(await verdict({ headers: genuine(BODY, '/none').headers })).toEqual(
      refused('certificate_untrusted'),
    );
  });

  it('counts through an authority between it and the root', async () => {
    const between = await issue(root, 'Between', { authority: true });
    const { certificate, privateKey } = await issue({ name: 'Between', ...between }, 'Signer');
    serve('/chain', certificate + between.certificate);
    expect(await verdict({ headers: genuine(BODY, '/chain', privateKey).headers })).toMatchObject({
      valid: true,
    });
    serve('/cut', certificate);
    expect(await verdict({ headers: genuine(BODY, '/cut', privateKey).headers })).toEqual(
      refused('certificate_untrusted'),
    );
  });

  it('counts at the time of receipt, so a delivery from evidence is judged as it was', async () => {
    const old = {
      notBefore: new Date(Date.now() - 3 * DAY_MS),
      notAfter: new Date(Date.now() - DAY_MS),
    };
    const { certificate, privateKey } = await issue(root, 'Old', old);
    serve('/old', certificate);
    const { headers } = genuine(BODY, '/old', privateKey);
    expect(await verdict({ headers })).toEqual(refused('certificate_not_valid_then'));
    const then = new Date(Date.now() - 2 * DAY_MS).toISOString();
    expect(await verdict({ headers, receivedAt: then })).toMatchObject({ valid: true });
  });

  it('once held is not crowded out by addresses that anybody names, nor are those asked for without end', async () => {
    await verdict({});
    for (let i = 0; i < 100; i++) {
      const headers = { ...genuine().headers, [HEADERS.certificate]: `https://${host}/no/${i}` };
      expect(await verdict({ headers })).toMatchObject({ valid: false, again: true });
    }
    expect(asked.length).toBeLessThanOrEqual(30);
    asked.length = 0;
    expect(await verdict({})).toMatchObject({ valid: true });
    expect(asked).toEqual([]);
  });
});
