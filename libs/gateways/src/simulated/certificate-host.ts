import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issue, type Authority } from './authority.js';
import type { PayPalSigner } from './paypal.js';

/** Where the certificate is that simulated webhooks of PayPal are signed with: on a free port, as long as it is open. */
export interface CertificateHost {
  signerOf(webhookId: string): PayPalSigner;
  close(): Promise<void>;
}

/** The verifier must trust the authority, and take certificates from any port of 127.0.0.1. */
export async function hostCertificate(authority: Authority): Promise<CertificateHost> {
  const signing = await issue(authority, 'Signer');
  const own = await issue(authority, 'Host', { addresses: ['127.0.0.1'] });
  const server = createServer({ key: own.privateKey, cert: own.certificate }, (_, response) => {
    response.end(signing.certificate);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const certificateUrl = `https://127.0.0.1:${port}/certificates/${randomUUID()}`;
  const { privateKey } = signing;
  return {
    signerOf: (webhookId) => ({ webhookId, certificateUrl, privateKey }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The authority of a local system: made once, with its root where the verifier looks for it. */
export async function authorityAt(file: string, rootsFile: string): Promise<Authority> {
  if (!existsSync(file)) {
    const made = await createAuthority('Paylog local');
    try {
      writeFileSync(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Another process made it in between.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  const authority = JSON.parse(readFileSync(file, 'utf8')) as Authority;
  if (!existsSync(rootsFile)) writeFileSync(rootsFile, authority.certificate);
  return authority;
}
