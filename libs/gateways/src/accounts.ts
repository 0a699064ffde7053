import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { GatewayFault } from './fault.js';

export type Mode = 'test' | 'live';

/** A webhook signing secret and when it counts. */
export interface WebhookSecret {
  /** Its name, as configured: what evidence records. The value is never written down. */
  readonly name: string;
  readonly value: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
}

/** One account at one gateway. */
export interface GatewayAccount {
  readonly account: string;
  readonly gateway: 'stripe';
  readonly mode: Mode;
  readonly apiBaseUrl: string;
  /** Undefined in a service that makes no calls (`secrets: 'webhooks'`). */
  readonly apiKey?: string;
  readonly webhookSecrets: readonly WebhookSecret[];
  readonly settlement: {
    /** Days after which a captured payment that no report names is an exception: T+n. */
    readonly dueDays: number;
    /** What we expect to pay: basis points of the amount plus a fixed part in minor units, half up. */
    readonly feeBps?: number;
    readonly feeFixedMinor?: number;
  };
}

/** A storefront: its topic, and the gateway account its payments go to. */
export interface Storefront {
  readonly storefront: string;
  readonly topic: string;
  readonly account: string;
}

/** Which secrets a service needs; the others are neither read nor missed. */
export type SecretsWanted = 'all' | 'api' | 'webhooks' | 'none';

export interface ReadAccountsOptions {
  readonly file: string;
  /** The one mode this process runs in: accounts of the other are refused. */
  readonly mode: Mode;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secrets?: SecretsWanted;
}

const name = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,39}$' });
const secretName = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,99}$' });
const instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' });

const AccountsFile = Type.Array(
  Type.Object(
    {
      account: name,
      gateway: Type.Literal('stripe'),
      mode: Type.Union([Type.Literal('test'), Type.Literal('live')]),
      apiBaseUrl: Type.String({ pattern: '^https?://[^/?#@]+/?$' }),
      apiKeySecret: secretName,
      webhookSecrets: Type.Array(
        Type.Object(
          {
            secret: secretName,
            notBefore: Type.Optional(instant),
            notAfter: Type.Optional(instant),
          },
          { additionalProperties: false },
        ),
        { minItems: 1, maxItems: 8 },
      ),
      settlement: Type.Object(
        {
          dueDays: Type.Integer({ minimum: 0, maximum: 60 }),
          feeBps: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
          feeFixedMinor: Type.Optional(Type.Integer({ minimum: 0 })),
        },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  ),
  { minItems: 1 },
);

const StorefrontsFile = Type.Array(
  Type.Object(
    { storefront: name, topic: Type.String({ pattern: '^[A-Za-z0-9._-]{1,200}$' }), account: name },
    { additionalProperties: false },
  ),
  { minItems: 1 },
);

const accountsValidator = Compile(AccountsFile);
const storefrontsValidator = Compile(StorefrontsFile);
type ConfiguredAccount = Static<typeof AccountsFile>[number];

/**
 * Reads `GATEWAY_ACCOUNTS_FILE`. Secrets are named there and found in the environment or as files in `SECRETS_DIR`.
 * Throws one `GatewayFault` with everything that is wrong, so that one restart is enough.
 */
export function readAccounts(options: ReadAccountsOptions): readonly GatewayAccount[] {
  const configured = readJson(options.file, 'gateway accounts', (value) =>
    accountsValidator.Check(value)
      ? { ok: true, value }
      : { ok: false, problems: describe(accountsValidator.Errors(value)) },
  );
  const problems = repeated(configured.map((account) => account.account)).map(
    (account) => `account ${account} is listed twice`,
  );
  const accounts = configured.map((account) => withSecrets(account, options, problems));
  if (problems.length > 0) throw configurationFault(options.file, 'gateway accounts', problems);
  return accounts;
}

/** Reads `STOREFRONTS_FILE`; every account named there must be among `accounts`. */
export function readStorefronts(
  file: string,
  accounts: readonly GatewayAccount[],
): readonly Storefront[] {
  const storefronts = readJson(file, 'storefronts', (value) =>
    storefrontsValidator.Check(value)
      ? { ok: true, value }
      : { ok: false, problems: describe(storefrontsValidator.Errors(value)) },
  );
  const known = new Set(accounts.map((account) => account.account));
  const problems = [
    ...repeated(storefronts.map((each) => each.storefront)).map(
      (storefront) => `storefront ${storefront} is listed twice`,
    ),
    ...storefronts
      .filter((each) => !known.has(each.account))
      .map((each) => `storefront ${each.storefront} names the unknown account ${each.account}`),
  ];
  if (problems.length > 0) throw configurationFault(file, 'storefronts', problems);
  return storefronts;
}

function withSecrets(
  configured: ConfiguredAccount,
  options: ReadAccountsOptions,
  problems: string[],
): GatewayAccount {
  const { apiKeySecret, webhookSecrets, ...account } = configured;
  const wanted = options.secrets ?? 'all';
  if (account.mode !== options.mode) {
    problems.push(
      `account ${account.account} is in mode ${account.mode}, this process runs in mode ${options.mode}: ` +
        'give each mode its own processes and its own file',
    );
  }
  const wantsApi = wanted === 'all' || wanted === 'api';
  const apiKey = wantsApi ? readSecret(apiKeySecret, options.env, problems) : undefined;
  if (apiKey !== undefined) problems.push(...wrongApiKey(account.account, apiKey, account.mode));
  const wantsWebhooks = wanted === 'all' || wanted === 'webhooks';
  return {
    ...account,
    ...(apiKey === undefined ? {} : { apiKey }),
    webhookSecrets: wantsWebhooks
      ? webhookSecrets.flatMap(({ secret, ...window }) => {
          const value = readSecret(secret, options.env, problems);
          return value === undefined ? [] : [{ name: secret, value, ...window }];
        })
      : [],
  };
}

/** A live key in a test process would move real money; a test key in a live one would move none. */
function wrongApiKey(account: string, apiKey: string, mode: Mode): string[] {
  const accepted = [`sk_${mode}_`, `rk_${mode}_`];
  if (accepted.some((prefix) => apiKey.startsWith(prefix))) return [];
  return [
    `the API key of account ${account} does not start with ${accepted.join(' or ')}: ` +
      `mode ${mode} takes no other keys`,
  ];
}

function readSecret(
  secret: string,
  env: ReadAccountsOptions['env'],
  problems: string[],
): string | undefined {
  const fromEnv = env[secret];
  if (fromEnv !== undefined && fromEnv !== '') return fromEnv;
  const directory = env['SECRETS_DIR'];
  if (directory !== undefined) {
    try {
      const value = readFileSync(join(directory, secret), 'utf8').trim();
      if (value !== '') return value;
    } catch {
      // Said below, together with the other place it could have been.
    }
  }
  problems.push(`secret ${secret} is neither an environment variable nor a file in SECRETS_DIR`);
  return undefined;
}

type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

function readJson<T>(file: string, what: string, check: (value: unknown) => Checked<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw configurationFault(file, what, [cause instanceof Error ? cause.message : String(cause)]);
  }
  const checked = check(value);
  if (!checked.ok) throw configurationFault(file, what, checked.problems);
  return checked.value;
}

function describe(errors: readonly { instancePath: string; message: string }[]): string[] {
  return errors.map((error) => `${error.instancePath || '/'} ${error.message}`);
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((each, index) => names.indexOf(each) !== index))];
}

function configurationFault(file: string, what: string, problems: readonly string[]): GatewayFault {
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new GatewayFault('configuration', `The ${what} file ${file} can't be used:${list}`, false);
}
