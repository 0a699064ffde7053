import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STOREFRONT_ORDERS } from '@paylog/contracts';
import { listedKeys, type ListedKey } from '@paylog/http';

/** The one account that a local system pays with, and its one storefront. */
export const ACCOUNT = 'stripe-main';
export const STOREFRONT = 'shop';

/** Secrets by the names under which services look for them. */
export type SecretName =
  | 'READ_TOKEN_PRIVATE_KEY'
  | 'READ_TOKEN_PUBLIC_KEY'
  | 'RECONCILIATION_SIGNING_KEY'
  | 'STRIPE_MAIN_API_KEY'
  | 'STRIPE_MAIN_WEBHOOK_SECRET'
  | 'ADYEN_MAIN_HMAC_KEY'
  | 'PAYPAL_MAIN_WEBHOOK_ID'
  | 'GOCARDLESS_MAIN_WEBHOOK_SECRET';

/** What webhooks of the other gateways must name, and where the authority is that vouches for PayPal's certificates. */
export const OTHER_GATEWAYS = {
  adyenMerchantAccount: 'PaylogLocal',
  paypalRootsFile: 'paypal-roots.pem',
  paypalAuthorityFile: 'paypal-authority.json',
} as const;

/** The files and secrets a local system runs on; made at its first start and kept. */
export interface Configuration {
  readonly secrets: Readonly<Record<SecretName, string>>;
  /** They lie here as files, and the others beside them: `SECRETS_DIR`. */
  readonly folder: string;
  /** The storefront's key. Services know only its digest. */
  readonly apiKey: string;
  /** A key for every storefront, with the scope `operations`. */
  readonly operatorKey: string;
  /** One for the owner and each service's role. */
  readonly databasePassword: string;
  readonly files: {
    readonly apiKeys: string;
    readonly gatewayAccounts: string;
    readonly storefronts: string;
    readonly sandboxAccounts: string;
    readonly sandboxOthers: string;
  };
}

/** Where the sandbox gateway is, and where it finds webhook-ingest. */
export interface Addresses {
  readonly sandboxUrl: string;
  readonly webhookUrl: string;
}

/** Makes what is missing under `folder`, and writes the files that name addresses, which change from start to start. */
export function configure(folder: string, { sandboxUrl, webhookUrl }: Addresses): Configuration {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const secrets = secretsIn(folder);
  const apiKey = kept(folder, 'api-key', () => token('pk_'));
  const operatorKey = kept(folder, 'operator-key', () => token('op_'));
  const write = (name: string, content: unknown) => {
    const file = join(folder, name);
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    return file;
  };
  return {
    secrets,
    folder,
    apiKey,
    operatorKey,
    databasePassword: kept(folder, 'database-password', () => token('')),
    files: {
      apiKeys: write(
        'api-keys.json',
        withOthers(folder, [
          key(STOREFRONT, STOREFRONT, ['payments:write', 'payments:read'], apiKey),
          key(
            'operator',
            '*',
            ['payments:write', 'payments:read', 'finance:read', 'operations'],
            operatorKey,
          ),
        ]),
      ),
      gatewayAccounts: write('gateway-accounts.json', [
        {
          account: ACCOUNT,
          gateway: 'stripe',
          mode: 'test',
          apiBaseUrl: sandboxUrl,
          apiKeySecret: 'STRIPE_MAIN_API_KEY',
          // A real system gives a restricted key here, which may read events and nothing else.
          eventsKeySecret: 'STRIPE_MAIN_API_KEY',
          webhookSecrets: [{ secret: 'STRIPE_MAIN_WEBHOOK_SECRET' }],
          // Who shares in orders that say so, and where it goes.
          participants: { seller: 'acct_sandbox_seller', courier: 'acct_sandbox_courier' },
          // The sandbox pays out on the same day, and keeps 2.9 % and 30 minor units of every capture.
          settlement: { dueDays: 0, feeBps: 290, feeFixedMinor: 30 },
        },
        ...othersAt(folder, sandboxUrl),
      ]),
      storefronts: write('storefronts.json', [
        { storefront: STOREFRONT, topic: STOREFRONT_ORDERS, account: ACCOUNT },
      ]),
      sandboxAccounts: write('sandbox-accounts.json', [
        {
          account: ACCOUNT,
          apiKey: secrets.STRIPE_MAIN_API_KEY,
          webhookUrl,
          webhookSecret: secrets.STRIPE_MAIN_WEBHOOK_SECRET,
        },
      ]),
      sandboxOthers: write('sandbox-others.json', othersTold(folder, webhookUrl, secrets)),
    },
  };
}

/** Accounts at gateways that nothing is paid at here: `npm run webhook` sends what they would. */
function othersAt(folder: string, apiBaseUrl: string) {
  const at = (gateway: string, secret: SecretName, settings: object = {}) => ({
    account: `${gateway}-main`,
    gateway,
    mode: 'test',
    apiBaseUrl,
    webhookSecrets: [{ secret }],
    settlement: { dueDays: 0 },
    ...settings,
  });
  const { adyenMerchantAccount, paypalRootsFile } = OTHER_GATEWAYS;
  return [
    at('adyen', 'ADYEN_MAIN_HMAC_KEY', { adyen: { merchantAccount: adyenMerchantAccount } }),
    at('paypal', 'PAYPAL_MAIN_WEBHOOK_ID', {
      paypal: {
        certificateHosts: ['127.0.0.1:*'],
        trustRootsFile: join(folder, paypalRootsFile),
      },
    }),
    at('gocardless', 'GOCARDLESS_MAIN_WEBHOOK_SECRET'),
  ];
}

/** With what the sandbox signs webhooks of the other gateways, and where they go. */
function othersTold(folder: string, stripeWebhookUrl: string, secrets: Configuration['secrets']) {
  const { adyenMerchantAccount, paypalAuthorityFile, paypalRootsFile } = OTHER_GATEWAYS;
  const webhookUrl = (gateway: string) =>
    new URL(`/webhooks/${gateway}/${gateway}-main`, stripeWebhookUrl).href;
  return {
    adyen: {
      webhookUrl: webhookUrl('adyen'),
      merchantAccount: adyenMerchantAccount,
      hexKey: secrets.ADYEN_MAIN_HMAC_KEY,
    },
    paypal: {
      webhookUrl: webhookUrl('paypal'),
      webhookId: secrets.PAYPAL_MAIN_WEBHOOK_ID,
      authorityFile: join(folder, paypalAuthorityFile),
      rootsFile: join(folder, paypalRootsFile),
    },
    gocardless: {
      webhookUrl: webhookUrl('gocardless'),
      secret: secrets.GOCARDLESS_MAIN_WEBHOOK_SECRET,
    },
  };
}

/** Keys that `npm run api-keys` made stay, and one that it revoked stays revoked. */
function withOthers(folder: string, own: readonly ListedKey[]): readonly ListedKey[] {
  const file = join(folder, 'api-keys.json');
  if (!existsSync(file)) return own;
  const before = listedKeys(JSON.parse(readFileSync(file, 'utf8')));
  const revoked = (key: ListedKey) =>
    before.find(({ id, revokedAt }) => id === key.id && revokedAt);
  const others = before.filter(({ id }) => own.every((key) => key.id !== id));
  return [...own.map((key) => revoked(key) ?? key), ...others];
}

function secretsIn(folder: string): Record<SecretName, string> {
  const privatePem = kept(folder, 'READ_TOKEN_PRIVATE_KEY', ed25519);
  const publicPem = () => createPublicKey(privatePem).export({ type: 'spki', format: 'pem' });
  return {
    READ_TOKEN_PRIVATE_KEY: privatePem,
    READ_TOKEN_PUBLIC_KEY: kept(folder, 'READ_TOKEN_PUBLIC_KEY', () => publicPem().toString()),
    RECONCILIATION_SIGNING_KEY: kept(folder, 'RECONCILIATION_SIGNING_KEY', ed25519),
    STRIPE_MAIN_API_KEY: kept(folder, 'STRIPE_MAIN_API_KEY', () => token('sk_test_')),
    STRIPE_MAIN_WEBHOOK_SECRET: kept(folder, 'STRIPE_MAIN_WEBHOOK_SECRET', () => token('whsec_')),
    ADYEN_MAIN_HMAC_KEY: kept(folder, 'ADYEN_MAIN_HMAC_KEY', () => token('')),
    PAYPAL_MAIN_WEBHOOK_ID: kept(folder, 'PAYPAL_MAIN_WEBHOOK_ID', () => token('').slice(0, 17)),
    GOCARDLESS_MAIN_WEBHOOK_SECRET: kept(folder, 'GOCARDLESS_MAIN_WEBHOOK_SECRET', () => token('')),
  };
}

/** The content of a file that is made once. */
function kept(folder: string, name: string, make: () => string): string {
  const file = join(folder, name);
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

function ed25519(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function token(prefix: string): string {
  return `${prefix}${randomBytes(24).toString('hex')}`;
}

function key(id: string, storefront: string, scopes: string[], secret: string) {
  return { id, storefront, scopes, sha256: createHash('sha256').update(secret).digest('hex') };
}
