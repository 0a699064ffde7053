import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GATEWAYS, readAccounts } from '@paylog/gateways';
import { ApiKeys, type ListedKey, withKey, withoutKey } from '@paylog/http';
import { configure } from './configuration.js';

const folder = mkdtempSync(join(tmpdir(), 'paylog-configuration-'));
const addresses = (port: number) => ({
  sandboxUrl: `http://127.0.0.1:${port}`,
  webhookUrl: `http://127.0.0.1:${port + 1}/webhooks/stripe/stripe-main`,
});
const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

afterAll(() => rmSync(folder, { recursive: true }));

describe('configure', () => {
  const first = configure(join(folder, 'a'), addresses(4000));

  it('keeps its secrets from start to start, and follows the addresses', () => {
    const second = configure(join(folder, 'a'), addresses(5000));
    expect(second.secrets).toEqual(first.secrets);
    expect(second.apiKey).toBe(first.apiKey);
    const accounts = json(second.files.gatewayAccounts) as { apiBaseUrl: string }[];
    expect(new Set(accounts.map(({ apiBaseUrl }) => apiBaseUrl))).toEqual(
      new Set(['http://127.0.0.1:5000']),
    );
  });

  it('makes other secrets for another system', () => {
    const other = configure(join(folder, 'b'), addresses(4000));
    for (const [name, value] of Object.entries(first.secrets)) {
      expect(Object.entries(other.secrets)).not.toContainEqual([name, value]);
    }
  });

  it('has an account at each gateway whose webhooks are read', () => {
    const { files, folder: secrets } = first;
    const env = { SECRETS_DIR: secrets };
    const accounts = readAccounts({ file: files.gatewayAccounts, mode: 'test', env });
    expect(accounts.map(({ gateway }) => gateway)).toEqual(GATEWAYS);
  });

  it('stores the digest of an API key, never the key', () => {
    const text = readFileSync(first.files.apiKeys, 'utf8');
    expect(text).toContain(createHash('sha256').update(first.apiKey).digest('hex'));
    expect(text).not.toContain(first.apiKey);
  });

  it('keeps keys that were made later, and those that were revoked, from start to start', () => {
    const folderC = join(folder, 'c');
    const { files } = configure(folderC, addresses(4000));
    const keys = json(files.apiKeys) as ListedKey[];
    const made = withKey(keys, { storefront: 'shop', scopes: ['payments:read'] }, new Date());
    writeFileSync(files.apiKeys, JSON.stringify(withoutKey(made.keys, 'shop', new Date())));
    configure(folderC, addresses(5000));
    const after = ApiKeys.parse(json(files.apiKeys));
    expect(after.find(made.secret)?.id).toBe(made.made.id);
    expect(after.find(readFileSync(join(folderC, 'api-key'), 'utf8'))).toBeUndefined();
    expect(after.find(readFileSync(join(folderC, 'operator-key'), 'utf8'))?.id).toBe('operator');
  });

  it('makes a key pair of two halves that fit', () => {
    const { READ_TOKEN_PRIVATE_KEY, READ_TOKEN_PUBLIC_KEY } = first.secrets;
    const derived = createPublicKey(createPrivateKey(READ_TOKEN_PRIVATE_KEY));
    expect(createPublicKey(READ_TOKEN_PUBLIC_KEY).equals(derived)).toBe(true);
  });
});
