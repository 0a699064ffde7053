import { X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { GatewayAccount } from '../accounts.js';

export type CertificateSettings = NonNullable<GatewayAccount['paypal']>;

/** A signing certificate that a trusted root vouches for. Whether all on the way are valid depends on when one asks. */
export interface TrustedCertificate {
  readonly key: KeyObject;
  validAt(ms: number): boolean;
}

export type CertificateAnswer =
  | TrustedCertificate
  /** Had, and signed by nobody we trust. */
  | 'untrusted'
  /** Not had: asked again later. */
  | 'unavailable';

/** Anybody may name an address by posting a webhook, so: few at a time and a minute, small, soon, and no failure twice. */
const IN_FLIGHT_MAX = 4;
const ASKED_A_MINUTE_MAX = 30;
const BYTES_MAX = 64 * 1024;
const DEADLINE_MS = 5_000;
const AGAIN_AFTER_MS = 10_000;
const FAILED_MAX = 256;
/** Trusted ones are held as long as there is room: none but their authority can make another, and an address keeps its own. */
const TRUSTED_MAX = 32;

/** A root signs an intermediate, which signs the certificate; more links than this are a maze. */
const LINKS_MAX = 4;
const RSA_BITS_MIN = 2_048;

/** https, host, perhaps a port, plain path: no user, no query, nothing escaped. */
const PLAIN = /^https:\/\/[a-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._-]+)+$/;

interface Failure {
  readonly answer: 'untrusted' | 'unavailable';
  readonly until: number;
}

/** The latest, and room for it. */
function put<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  const [oldest] = map.keys();
  if (map.size >= max && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}

/** Certificates of one account, fetched over https from the hosts it allows, without redirects, and held. */
export class Certificates {
  readonly #trusted = new Map<string, TrustedCertificate>();
  readonly #failed = new Map<string, Failure>();
  #asked: readonly number[] = [];
  readonly #inFlight = new Map<string, Promise<CertificateAnswer>>();
  #roots: readonly X509Certificate[] | undefined;

  constructor(private readonly settings: CertificateSettings) {}

  /** Is this an address that we ask? */
  allows(address: string): boolean {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    // Written in one way: else one certificate could be asked for, and held, under any number of addresses.
    if (url?.href !== address || !PLAIN.test(address)) return false;
    return this.settings.certificateHosts.some(
      (host) => host === url.host || host === `${url.hostname}:*`,
    );
  }

  /** The certificate, at once where it is held. Ask only for an address that is allowed. */
  at(address: string): CertificateAnswer | Promise<CertificateAnswer> {
    const trusted = this.#trusted.get(address);
    if (trusted) return trusted;
    const failed = this.#failed.get(address);
    if (failed && failed.until > Date.now()) return failed.answer;
    const asked = this.#inFlight.get(address);
    if (asked) return asked;
    if (this.#inFlight.size >= IN_FLIGHT_MAX || !this.#mayAsk()) return 'unavailable';
    const asking = this.#fetch(address).finally(() => this.#inFlight.delete(address));
    this.#inFlight.set(address, asking);
    return asking;
  }

  async #fetch(address: string): Promise<CertificateAnswer> {
    let answer: CertificateAnswer = 'unavailable';
    try {
      const roots = this.#trustRoots();
      const { trustRootsFile } = this.settings;
      // A private authority vouches for its server, too.
      const ca = trustRootsFile === undefined ? undefined : readFileSync(trustRootsFile, 'utf8');
      answer = trustedIn(await download(address, ca), roots) ?? 'untrusted';
    } catch {
      // Said by the verdict; the gateway comes again.
    }
    if (typeof answer === 'string') {
      put(this.#failed, address, { answer, until: Date.now() + AGAIN_AFTER_MS }, FAILED_MAX);
    } else {
      put(this.#trusted, address, answer, TRUSTED_MAX);
    }
    return answer;
  }

  #mayAsk(): boolean {
    const now = Date.now();
    const lately = this.#asked.filter((at) => now - at < 60_000);
    const may = lately.length < ASKED_A_MINUTE_MAX;
    this.#asked = may ? [...lately, now] : lately;
    return may;
  }

  #trustRoots(): readonly X509Certificate[] {
    const { trustRootsFile } = this.settings;
    this.#roots ??=
      trustRootsFile === undefined
        ? rootCertificates.map((pem) => new X509Certificate(pem))
        : certificatesIn(readFileSync(trustRootsFile, 'utf8'));
    return this.#roots;
  }
}

/** The first certificate of the text, when a chain through the others leads to a root; undefined when none does. */
export function trustedIn(
  pem: string,
  roots: readonly X509Certificate[],
): TrustedCertificate | undefined {
  const [leaf, ...others] = certificatesIn(pem);
  if (leaf === undefined) return undefined;
  const { publicKey: key } = leaf;
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa' || modulusLength < RSA_BITS_MIN) return undefined;
  const chain = chainOf(leaf, others, roots, LINKS_MAX);
  if (chain === undefined) return undefined;
  const windows = chain.map((one) => [Date.parse(one.validFrom), Date.parse(one.validTo)] as const);
  return { key, validAt: (ms) => windows.every(([from, to]) => from <= ms && ms <= to) };
}

function chainOf(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  links: number,
): readonly X509Certificate[] | undefined {
  const root = roots.find((each) => isIssued(leaf, each));
  if (root) return [leaf, root];
  if (links === 0) return undefined;
  for (const issuer of others.filter((each) => isIssued(leaf, each))) {
    const rest = others.filter((each) => each !== issuer);
    const chain = chainOf(issuer, rest, roots, links - 1);
    if (chain) return [leaf, ...chain];
  }
  return undefined;
}

const isIssued = (one: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && one.checkIssued(issuer) && one.verify(issuer.publicKey);

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

const certificatesIn = (pem: string): readonly X509Certificate[] =>
  (pem.match(PEM) ?? []).map((each) => new X509Certificate(each));

function download(address: string, ca: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const options = { signal, agent: false, ...(ca !== undefined && { ca }) } as const;
    const request = get(address, options, (response) => {
      if (response.statusCode !== 200) {
        response.destroy();
        return reject(new Error(`status ${response.statusCode}: redirects are not followed`));
      }
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > BYTES_MAX) response.destroy(new Error('larger than any certificate'));
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
