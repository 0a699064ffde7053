import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAccounts, readStorefronts } from './accounts.js';
import { GatewayFault } from './fault.js';

const directory = mkdtempSync(join(tmpdir(), 'gateway-accounts-'));
afterAll(() => rmSync(directory, { recursive: true }));

const account = {
  account: 'stripe-main',
  gateway: 'stripe',
  mode: 'test',
  apiBaseUrl: 'http://127.0.0.1:9999',
  apiKeySecret: 'STRIPE_API_KEY',
  webhookSecrets: [{ secret: 'STRIPE_WEBHOOK_SECRET' }],
  settlement: { dueDays: 0, feeBps: 290, feeFixedMinor: 30 },
};
const env = { STRIPE_API_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };

describe('readAccounts', () => {
  it('finds secrets by name in the environment, or as files', () => {
    writeFileSync(join(directory, 'STRIPE_WEBHOOK_SECRET'), 'whsec_file\n');
    const file = written([account]);
    const [read] = readAccounts({
      file,
      mode: 'test',
      env: { STRIPE_API_KEY: 'rk_test_1', SECRETS_DIR: directory },
    });
    expect(read).toEqual({
      account: 'stripe-main',
      gateway: 'stripe',
      mode: 'test',
      apiBaseUrl: 'http://127.0.0.1:9999',
      apiKey: 'rk_test_1',
      webhookSecrets: [{ name: 'STRIPE_WEBHOOK_SECRET', value: 'whsec_file' }],
      settlement: { dueDays: 0, feeBps: 290, feeFixedMinor: 30 },
    });
  });

  it('refuses the keys of the other mode', () => {
    const file = written([account]);
    const live = { ...env, STRIPE_API_KEY: 'sk_live_1' };
    expect(() => readAccounts({ file, mode: 'test', env: live })).toThrow(
      /mode test takes no other/,
    );
  });

  it('refuses an account of the other mode', () => {
    const file = written([{ ...account, mode: 'live' }]);
    expect(() => readAccounts({ file, mode: 'test', env })).toThrow(/runs in mode test/);
  });

  it('names everything that is wrong at once', () => {
    const file = written([account, account]);
    expect(() => readAccounts({ file, mode: 'live', env: {} })).toThrow(
      /listed twice[^]*mode test[^]*STRIPE_API_KEY[^]*STRIPE_WEBHOOK_SECRET/,
    );
  });

  it('names the field at fault', () => {
    const file = written([{ ...account, apiBaseUrl: 'ftp://x' }]);
    expect(() => readAccounts({ file, mode: 'test', env })).toThrow(/\/0\/apiBaseUrl/);
    expect(() => readAccounts({ file, mode: 'test', env })).toThrow(GatewayFault);
  });

  it('wants what only one gateway has of its accounts, and of no other', () => {
    const of = (gateway: string, more: object) => written([{ ...account, gateway, ...more }]);
    const read = (file: string) => () => readAccounts({ file, mode: 'test', env });
    expect(read(of('adyen', {}))).toThrow(/lacks the settings "adyen"/);
    expect(read(of('adyen', { adyen: { merchantAccount: 'Shop' } }))).not.toThrow();
    const paypal = { certificateHosts: ['api.paypal.com'] };
    expect(read(of('paypal', {}))).toThrow(/lacks the settings "paypal"/);
    expect(read(of('paypal', { paypal }))).not.toThrow();
    expect(read(of('stripe', { paypal }))).toThrow(/has settings "paypal"/);
  });

  it('does without an API key where no call is made', () => {
    const { apiKeySecret: _secret, ...rest } = account;
    const gocardless = written([{ ...rest, gateway: 'gocardless' }]);
    expect(readAccounts({ file: gocardless, mode: 'test', env })[0]).not.toHaveProperty('apiKey');
    const read = () => readAccounts({ file: written([rest]), mode: 'test', env });
    expect(read).toThrow(/names no apiKeySecret/);
  });

  it('reads the key for events where webhooks are taken, and does without it where it is not there', () => {
    const file = written([{ ...account, eventsKeySecret: 'EVENTS' }]);
    const read = (more: object) =>
      readAccounts({ file, mode: 'test', env: { ...env, ...more }, secrets: 'webhooks' })[0];
    expect(read({ EVENTS: 'rk_test_e' })?.eventsKey).toEqual({
      name: 'EVENTS',
      value: 'rk_test_e',
    });
    expect(read({})).not.toHaveProperty('eventsKey');
    expect(read({ EVENTS: 'rk_live_e' })).not.toHaveProperty('eventsKey');
    expect(readAccounts({ file, mode: 'test', env, secrets: 'api' })[0]).not.toHaveProperty(
      'eventsKey',
    );
  });

  it('starts without a secret that is named beside another: it was revoked, or comes later', () => {
    const webhookSecrets = [{ secret: 'STRIPE_WEBHOOK_SECRET' }, { secret: 'GONE' }];
    const file = written([{ ...account, webhookSecrets }]);
    expect(readAccounts({ file, mode: 'test', env })[0]?.webhookSecrets).toEqual([
      { name: 'STRIPE_WEBHOOK_SECRET', value: 'whsec_1' },
    ]);
  });

  it('neither reads nor misses the secrets a service does not need', () => {
    const file = written([account]);
    const [forWebhooks] = readAccounts({
      file,
      mode: 'test',
      env: { STRIPE_WEBHOOK_SECRET: 'whsec_1' },
      secrets: 'webhooks',
    });
    expect(forWebhooks).not.toHaveProperty('apiKey');
    expect(readAccounts({ file, mode: 'test', env: {}, secrets: 'none' })).toHaveLength(1);
  });

  it('knows what each gateway needs, and what belongs to another', () => {
    const { apiKeySecret: _none, ...called } = account;
    const others = [
      { ...called, account: 'adyen-main', gateway: 'adyen', adyen: { merchantAccount: 'Shop' } },
      {
        ...called,
        account: 'paypal-main',
        gateway: 'paypal',
        paypal: { certificateHosts: ['api.paypal.com'] },
      },
      { ...called, account: 'gocardless-main', gateway: 'gocardless' },
    ];
    const file = written([account, ...others]);
    expect(readAccounts({ file, mode: 'test', env })).toMatchObject(
      [account, ...others].map(({ account: name }) => ({ account: name })),
    );
    const wrong = [
      { ...called, gateway: 'adyen' },
      { ...called, account: 'two', gateway: 'gocardless', adyen: { merchantAccount: 'Shop' } },
    ];
    expect(() => readAccounts({ file: written(wrong), mode: 'test', env })).toThrow(
      /lacks the settings "adyen"[^]*has settings "adyen"/,
    );
  });

  it.each([
    ['a merchant account with a colon', 'adyen', { adyen: { merchantAccount: 'Shop:X' } }, 'test'],
    ['any port in mode live', 'paypal', { paypal: { certificateHosts: ['a.b:*'] } }, 'live'],
  ])('refuses %s', (_, gateway, settings, mode) => {
    const file = written([{ ...account, gateway, mode, ...settings }]);
    expect(() => readAccounts({ file, mode: mode as 'test', env, secrets: 'webhooks' })).toThrow(
      /can't be used/,
    );
  });
});

describe('readStorefronts', () => {
  const accounts = () => readAccounts({ file: written([account]), mode: 'test', env });
  const shop = { storefront: 'shop', topic: 'storefront.orders.v1', account: 'stripe-main' };

  it('binds a storefront to its topic and account', () => {
    expect(readStorefronts(written([shop]), accounts())).toEqual([shop]);
  });

  it('refuses an unknown account and a repeated storefront', () => {
    const file = written([shop, { ...shop, account: 'adyen-main' }]);
    expect(() => readStorefronts(file, accounts())).toThrow(/listed twice[^]*unknown account/);
  });
});

let files = 0;
function written(content: unknown): string {
  files += 1;
  const file = join(directory, `${files}.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}
