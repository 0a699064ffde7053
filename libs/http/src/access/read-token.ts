import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT, jwtVerify } from 'jose';

/** A short-lived right to read one payment. */
export interface ReadToken {
  readonly paymentId: string;
  readonly expiresAt: Date;
}

const ALGORITHM = 'EdDSA';
const MINUTES = 60;

/** Signs read tokens: a JWT (ed25519) with the claims `pid` and `exp` and nothing else. */
export class ReadTokenSigner {
  private readonly key: KeyObject;

  /** `privateKeyPem`: PKCS #8, ed25519. Default life of a token: 60 minutes. */
  constructor(
    privateKeyPem: string,
    private readonly lifeSeconds = 60 * MINUTES,
  ) {
    this.key = ed25519(createPrivateKey(pem(privateKeyPem)));
  }

  async sign(paymentId: string, now: Date = new Date()): Promise<string> {
    return new SignJWT({ pid: paymentId })
      .setProtectedHeader({ alg: ALGORITHM })
      .setExpirationTime(Math.floor(now.getTime() / 1_000) + this.lifeSeconds)
      .sign(this.key);
  }
}

export class ReadTokenVerifier {
  private readonly keys: readonly KeyObject[];

  /** `publicKeysPem`: SPKI; several while keys rotate. A private key's PEM works too. */
  constructor(...publicKeysPem: readonly string[]) {
    this.keys = publicKeysPem.map((key) => ed25519(createPublicKey(pem(key))));
  }

  /**
   * Undefined for whatever is not a valid, unexpired token of ours; the reason is nobody's
   * business.
   */
  async verify(token: string, now: Date = new Date()): Promise<ReadToken | undefined> {
    for (const key of this.keys) {
      const read = await verifyWith(key, token, now);
      if (read) return read;
    }
    return undefined;
  }
}

async function verifyWith(
  key: KeyObject,
  token: string,
  now: Date,
): Promise<ReadToken | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      requiredClaims: ['pid', 'exp'],
      currentDate: now,
    });
    const paymentId = payload['pid'];
    if (typeof paymentId !== 'string' || payload.exp === undefined) return undefined;
    return { paymentId, expiresAt: new Date(payload.exp * 1_000) };
  } catch {
    return undefined;
  }
}

/** A PEM that came through an environment variable often has `\n` as two characters. */
function pem(text: string): string {
  return text.replaceAll('\\n', '\n');
}

function ed25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new Error(`the read token key is ${key.asymmetricKeyType ?? 'unknown'}; make it ed25519`);
}
