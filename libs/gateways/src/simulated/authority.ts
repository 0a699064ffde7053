import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A private authority, in the place of those that the world trusts: for test mode and specs. PEM both. */
export interface Authority {
  readonly name: string;
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Issued {
  /** PEM: the certificate, then those that lead to the root, which is not among them. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** IP addresses of a server. */
  readonly addresses?: readonly string[];
  /** May sign others. */
  readonly authority?: boolean;
}

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2_048,
} as const;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** A root that signs itself. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await keyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    ...validity({}),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return { name, certificate: certificate.toString('pem'), privateKey: await pemOf(keys) };
}

/** A certificate that the authority vouches for, with a key of its own. */
export async function issue(
  { name: issuer, privateKey }: Authority,
  name: string,
  options: CertificateOptions = {},
): Promise<Issued> {
  const keys = await keyPair();
  const { addresses = [], authority = false } = options;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: `CN=${issuer}`,
    subject: `CN=${name}`,
    ...validity(options),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await signingKey(privateKey),
    extensions: [
      new BasicConstraintsExtension(authority, undefined, true),
      ...(addresses.length === 0
        ? []
        : [new SubjectAlternativeNameExtension(addresses.map((value) => ({ type: 'ip', value })))]),
    ],
  });
  return { certificate: certificate.toString('pem'), privateKey: await pemOf(keys) };
}

const keyPair = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

function signingKey(privateKey: string) {
  const der = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

async function pemOf({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const validity = ({ notBefore, notAfter }: CertificateOptions) => ({
  notBefore: notBefore ?? new Date(Date.now() - 30 * DAY_MS),
  notAfter: notAfter ?? new Date(Date.now() + 3_650 * DAY_MS),
});

const serial = (): string => `01${randomBytes(15).toString('hex')}`;
