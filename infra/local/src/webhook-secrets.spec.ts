import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCOUNT, configure } from './configuration.js';
import { addWebhookSecret, revokeWebhookSecret } from './webhook-secrets.js';

const folder = mkdtempSync(join(tmpdir(), 'paylog-webhook-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('webhook secrets of a local system', () => {
  const configuration = configure(folder, { sandboxUrl: 'http://s', webhookUrl: 'http://w' });
  const listed = () => {
    const accounts = JSON.parse(readFileSync(configuration.files.gatewayAccounts, 'utf8')) as {
      webhookSecrets: { secret: string }[];
    }[];
    return accounts[0]?.webhookSecrets.map(({ secret }) => secret);
  };

  it('are added beside the old one and revoked, as the runbook says', () => {
    addWebhookSecret(configuration, ACCOUNT, 'SECOND', 'whsec_2');
    addWebhookSecret(configuration, ACCOUNT, 'SECOND', 'whsec_2');
    expect(listed()).toEqual(['STRIPE_MAIN_WEBHOOK_SECRET', 'SECOND']);
    expect(readFileSync(join(folder, 'SECOND'), 'utf8')).toBe('whsec_2');
    revokeWebhookSecret(configuration, ACCOUNT, 'STRIPE_MAIN_WEBHOOK_SECRET');
    expect(listed()).toEqual(['SECOND']);
    expect(existsSync(join(folder, 'STRIPE_MAIN_WEBHOOK_SECRET'))).toBe(false);
  });
});
