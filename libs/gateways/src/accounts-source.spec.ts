import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@paylog/testing';
import { type AccountsSource, followAccounts } from './accounts-source.js';
import { forAccounts } from './for-accounts.js';

const account = {
  account: 'stripe-main',
  gateway: 'stripe',
  mode: 'test',
  apiBaseUrl: 'http://127.0.0.1:9999',
  apiKeySecret: 'API_KEY',
  webhookSecrets: [{ secret: 'ONE' }],
  settlement: { dueDays: 0 },
};

let directory: string;
let source: AccountsSource | undefined;
let said: string[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'accounts-'));
  said = [];
  put('API_KEY', 'sk_test_one');
  put('ONE', 'whsec_one');
  list(account);
});
afterEach(() => {
  source?.stop();
  rmSync(directory, { recursive: true });
});

/** As a mount does: another file in its place. */
function put(name: string, text: string): void {
  writeFileSync(join(directory, `${name}.tmp`), text);
  renameSync(join(directory, `${name}.tmp`), join(directory, name));
}
const list = (...accounts: object[]) => put('accounts.json', JSON.stringify(accounts));
const say = (fields: object, message: string) =>
  void said.push(`${message} ${JSON.stringify(fields)}`);

function follow(env: Record<string, string> = {}): AccountsSource {
  source = followAccounts({
    file: join(directory, 'accounts.json'),
    mode: 'test',
    env: { SECRETS_DIR: directory, ...env },
    logger: { info: say, warn: say },
    everyMs: 40,
    settleMs: 15,
  });
  return source;
}
const secrets = () => source?.current()[0]?.webhookSecrets.map(({ value }) => value);
const until = (what: string, probe: () => boolean) => eventually(what, probe);

describe('followed accounts', () => {
  it('take a secret that is added beside the old one, and drop the old one when its file is gone', async () => {
    const { current } = follow();
    const before = source!.current()[0]!;
    list({ ...account, webhookSecrets: [{ secret: 'ONE' }, { secret: 'TWO' }] });
    put('TWO', 'whsec_two');
    await until('both are there', () => secrets()?.length === 2);
    const [kept] = current.call(source)[0]!.webhookSecrets;
    expect(kept).toBe(before.webhookSecrets[0]);
    expect(before.webhookSecrets).toHaveLength(1);
    unlinkSync(join(directory, 'ONE'));
    await until('the old one is revoked', () => secrets()?.join() === 'whsec_two');
    expect(source!.troubles().join()).toContain('secret ONE');
    expect(said.join()).not.toContain('whsec_');
  });

  it('keep the last good secret while its file is half written', async () => {
    follow();
    writeFileSync(join(directory, 'ONE'), '');
    await until('the trouble is seen', () => source!.troubles().length === 1);
    expect(secrets()).toEqual(['whsec_one']);
    put('ONE', 'whsec_other');
    await until('it is read', () => secrets()?.join() === 'whsec_other');
    expect(source!.troubles()).toEqual([]);
  });

  it('revoke a secret even while the list is broken', async () => {
    list({ ...account, webhookSecrets: [{ secret: 'ONE' }, { secret: 'TWO' }] });
    put('TWO', 'whsec_two');
    follow();
    put('accounts.json', '[{"account": "stri');
    await until('the trouble is seen', () => source!.troubles().length === 1);
    unlinkSync(join(directory, 'ONE'));
    await until('it is revoked', () => secrets()?.join() === 'whsec_two');
  });

  it('accept nothing once the last secret is gone', async () => {
    follow();
    unlinkSync(join(directory, 'ONE'));
    await until('it is revoked', () => secrets()?.length === 0);
  });

  it('take another API key of the mode, and never one of the other mode or none', async () => {
    follow();
    const keys = forAccounts(source!, ({ apiKey }) => ({ apiKey }));
    const first = keys.get('stripe-main');
    expect(keys.get('stripe-main')).toBe(first);
    put('API_KEY', 'sk_live_two');
    await until('it is refused', () => source!.troubles().join().includes('mode test takes no'));
    expect(keys.get('stripe-main')).toBe(first);
    put('API_KEY', 'rk_test_two');
    await until('it is taken', () => keys.get('stripe-main')?.apiKey === 'rk_test_two');
    unlinkSync(join(directory, 'API_KEY'));
    await until('it is missed', () => source!.troubles().join().includes('secret API_KEY'));
    expect(keys.get('stripe-main')?.apiKey).toBe('rk_test_two');
    expect(keys.get('nobody')).toBeUndefined();
  });

  it('never become accounts of the other mode', async () => {
    follow();
    list({ ...account, mode: 'live' });
    await until('it is refused', () => source!.troubles().join().includes('runs in mode test'));
    expect(source!.current()[0]?.mode).toBe('test');
  });

  it('leave alone what the environment says', async () => {
    follow({ ONE: 'whsec_environment' });
    put('ONE', 'whsec_other');
    list({ ...account, webhookSecrets: [{ secret: 'ONE' }, { secret: 'TWO' }] });
    put('TWO', 'whsec_two');
    await until('the other is there', () => secrets()?.includes('whsec_two') === true);
    expect(secrets()).toEqual(['whsec_environment', 'whsec_two']);
  });
});
