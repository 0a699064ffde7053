import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { canonicalJson, type MessageData, type RECONCILIATION_RESULTS } from '@paylog/contracts';

export type StatementClosed = MessageData<typeof RECONCILIATION_RESULTS, 'StatementClosed'>;
export type Unsigned = Omit<StatementClosed, 'signature' | 'keyId'>;
export type Signer = (summary: Unsigned) => StatementClosed;

/** Signs summaries with an ed25519 key (PEM, PKCS #8). `keyId` is a fingerprint of its public key. */
export function createSigner(pem: string): Signer {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error('RECONCILIATION_SIGNING_KEY must be an ed25519 private key in PEM form');
  }
  const keyId = keyIdOf(createPublicKey(key));
  return (summary) => {
    const signed = { ...summary, keyId };
    const signature = sign(null, Buffer.from(canonicalJson(signed)), key).toString('base64');
    return { ...signed, signature };
  };
}

function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return `ed25519-${createHash('sha256').update(der).digest('hex').slice(0, 16)}`;
}
