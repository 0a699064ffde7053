import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textIn } from '@paylog/mounted-files';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  configurationFault,
  describe,
  parseJson,
  readFileOf,
  repeated,
} from './configuration-file.js';

export type Mode = 'test' | 'live';

/** A webhook signing secret and when it counts. */
export interface WebhookSecret {
  /** Its name, as configured: what evidence records. The value is never written down. */
  readonly name: string;
  readonly value: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
}

/** Gateways whose webhooks we read. */
export const GATEWAYS = ['stripe', 'adyen', 'paypal', 'gocardless'] as const;
export type GatewayName = (typeof GATEWAYS)[number];

/** One account at one gateway. */
export interface GatewayAccount {
  readonly account: string;
  readonly gateway: GatewayName;
  readonly mode: Mode;
  readonly apiBaseUrl: string;
  /** Undefined in a service that makes no calls (`secrets: 'webhooks'`). */
  readonly apiKey?: string;
  readonly webhookSecrets: readonly WebhookSecret[];
  /** May read events, for those that no webhook brought; its name is what evidence records. */
  readonly eventsKey?: { readonly name: string; readonly value: string };
  /** How long an authorization holds; then the gateway is asked. Absent: what the gateway documents. */
  readonly authorizationValidDays?: number;
  readonly settlement: {
    /** Days after which a captured payment that no report names is an exception: T+n. */
    readonly dueDays: number;
    /** What we expect to pay: basis points of the amount plus a fixed part in minor units, half up. */
    readonly feeBps?: number;
    readonly feeFixedMinor?: number;
  };
  /**
   * The gateway's accounts of those who share in payments, by their names in terms. Present: shares are passed on there;
   * absent: they are only kept in the books.
   */
  readonly participants?: Readonly<Record<string, string>>;
  /** Of an account at Adyen. */
  readonly adyen?: {
    /** The only `merchantAccountCode` that its webhooks may name. */
    readonly merchantAccount: string;
  };
  /** Of an account at PayPal, whose `webhookSecrets` are the ids of its webhooks. */
  readonly paypal?: {
    /** Hosts that certificates may come from, a port included where it is not 443; in test mode also `host:*`. */
    readonly certificateHosts: readonly string[];
    /** A PEM file of the roots that vouch for them; absent: those that Node trusts. */
    readonly trustRootsFile?: string;
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
      gateway: Type.Enum(GATEWAYS),
      mode: Type.Union([Type.Literal('test'), Type.Literal('live')]),
      apiBaseUrl: Type.String({ pattern: '^https?://[^/?#@]+/?$' }),
      // We call Stripe only.
      apiKeySecret: Type.Optional(secretName),
      eventsKeySecret: Type.Optional(secretName),
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
      authorizationValidDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 60 })),
      settlement: Type.Object(
        {
          dueDays: Type.Integer({ minimum: 0, maximum: 60 }),
          feeBps: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
          feeFixedMinor: Type.Optional(Type.Integer({ minimum: 0 })),
        },
        { additionalProperties: false },
      ),
      participants: Type.Optional(
        Type.Record(
          Type.String({ pattern: '^\\S(.{0,62}\\S)?$' }),
          Type.String({ pattern: '^[A-Za-z0-9_-]{1,255}$' }),
          { additionalProperties: false },
        ),
      ),
      adyen: Type.Optional(
        Type.Object(
          // A colon would let a part of the account pass for a part of the reference behind it: both are signed as one.
          { merchantAccount: Type.String({ pattern: '^[^:]{1,80}$' }) },
          { additionalProperties: false },
        ),
      ),
      paypal: Type.Optional(
        Type.Object(
          {
            certificateHosts: Type.Array(
              Type.String({ pattern: '^[a-z0-9.-]+(:([0-9]{1,5}|[*]))?$' }),
              {
                minItems: 1,
              },
            ),
            trustRootsFile: Type.Optional(Type.String({ minLength: 1 })),
          },
          { additionalProperties: false },
        ),
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

/** The gateway that payments can be made at; of the others we read webhooks. */
const CALLED: GatewayName = 'stripe';

const accountsValidator = Compile(AccountsFile);
const storefrontsValidator = Compile(StorefrontsFile);
/** An account as its file says it: secrets by name. */
export type ConfiguredAccount = Static<typeof AccountsFile>[number];

const ACCOUNTS = 'gateway accounts';
const STOREFRONTS = 'storefronts';

/**
 * Reads `GATEWAY_ACCOUNTS_FILE`. Secrets are named there and found in the environment or as files in `SECRETS_DIR`.
 * Throws one `GatewayFault` with everything that is wrong, so that one restart is enough. To see what changes later,
 * `followAccounts`.
 */
export function readAccounts(options: ReadAccountsOptions): readonly GatewayAccount[] {
  const listed = listAccounts(readFileOf(options.file, ACCOUNTS), options);
  const read = withSecrets(listed.configured, options, (name) => secretNow(name, options.env));
  const faults = [...listed.faults, ...read.faults];
  if (faults.length > 0) throw configurationFault(options.file, ACCOUNTS, faults);
  return read.accounts;
}

/** The accounts that a file lists, without their secrets. Throws a `GatewayFault` with everything that is wrong. */
export function parseAccounts(
  text: string,
  options: Pick<ReadAccountsOptions, 'file' | 'mode'>,
): readonly ConfiguredAccount[] {
  const { configured, faults } = listAccounts(text, options);
  if (faults.length > 0) throw configurationFault(options.file, ACCOUNTS, faults);
  return configured;
}

function listAccounts(
  text: string,
  { file, mode }: Pick<ReadAccountsOptions, 'file' | 'mode'>,
): { configured: readonly ConfiguredAccount[]; faults: readonly string[] } {
  const configured = parseJson(text, file, ACCOUNTS, (value) =>
    accountsValidator.Check(value)
      ? { ok: true, value }
      : { ok: false, problems: describe(accountsValidator.Errors(value)) },
  );
  const faults = [
    ...repeated(configured.map(({ account }) => account)).map(
      (account) => `account ${account} is listed twice`,
    ),
    ...configured
      .filter((each) => each.mode !== mode)
      .map(
        (each) =>
          `account ${each.account} is in mode ${each.mode}, this process runs in mode ${mode}: ` +
          'give each mode its own processes and its own file',
      ),
    ...configured.flatMap(wrongSettings),
  ];
  return { configured, faults };
}

/** What only one gateway has is there for its accounts, and for no other. */
function wrongSettings({ account, gateway, mode, ...settings }: ConfiguredAccount): string[] {
  const own = ['adyen', 'paypal'] as const;
  const anyPort = settings.paypal?.certificateHosts.some((host) => host.endsWith(':*')) ?? false;
  if (anyPort && mode === 'live') {
    return [`account ${account} takes certificates from any port of a host: not in mode live`];
  }
  return own.flatMap((name) => {
    if ((settings[name] !== undefined) === (gateway === name)) return [];
    return gateway === name
      ? [`account ${account} at ${gateway} lacks the settings "${name}"`]
      : [`account ${account} at ${gateway} has settings "${name}", which are of another gateway`];
  });
}

export interface WithSecrets {
  readonly accounts: readonly GatewayAccount[];
  /** Without these an account can't work. */
  readonly faults: readonly string[];
  /** Secrets that are named beside others of the account and are not there: not yet, or no longer. */
  readonly absent: readonly string[];
}

/** The accounts with those secrets that `secretOf` knows. */
export function withSecrets(
  configured: readonly ConfiguredAccount[],
  { secrets = 'all' }: Pick<ReadAccountsOptions, 'secrets'>,
  secretOf: (name: string) => string | undefined,
): WithSecrets {
  const faults: string[] = [];
  const absent: string[] = [];
  const accounts = configured.map((each) => {
    const { apiKeySecret, eventsKeySecret, webhookSecrets, ...account } = each;
    const calls = wantsApi(secrets) && account.gateway === CALLED;
    const apiKey = calls && apiKeySecret !== undefined ? secretOf(apiKeySecret) : undefined;
    if (calls) faults.push(...wrongApiKey(account, apiKeySecret, apiKey));
    const named = wantsWebhooks(secrets) ? webhookSecrets : [];
    const found = named.flatMap(({ secret, ...window }) => {
      const value = secretOf(secret);
      return value === undefined ? [] : [{ name: secret, value, ...window }];
    });
    const missing = named.filter(({ secret }) => found.every((each) => each.name !== secret));
    (found.length === 0 ? faults : absent).push(...missing.map(({ secret }) => notThere(secret)));
    const eventsKey = wantsWebhooks(secrets) ? eventsKeyOf(each, secretOf, absent) : undefined;
    return {
      ...account,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(eventsKey === undefined ? {} : { eventsKey }),
      webhookSecrets: found,
    };
  });
  return { accounts, faults, absent };
}

/** Without it webhooks are taken all the same: what it lacks is told, and never a fault. */
function eventsKeyOf(
  { account, mode, eventsKeySecret: name }: ConfiguredAccount,
  secretOf: (name: string) => string | undefined,
  absent: string[],
): GatewayAccount['eventsKey'] {
  if (name === undefined) return undefined;
  const value = secretOf(name);
  const wrong = wrongApiKey({ account, mode }, name, value);
  absent.push(...wrong);
  return value === undefined || wrong.length > 0 ? undefined : { name, value };
}

/** Names of the secrets that a service wants of these accounts. */
export function secretNames(
  configured: readonly ConfiguredAccount[],
  { secrets = 'all' }: Pick<ReadAccountsOptions, 'secrets'>,
): readonly string[] {
  return configured.flatMap(({ gateway, apiKeySecret, eventsKeySecret, webhookSecrets }) => [
    ...(wantsApi(secrets) && gateway === CALLED && apiKeySecret !== undefined
      ? [apiKeySecret]
      : []),
    ...(wantsWebhooks(secrets) ? webhookSecrets.map(({ secret }) => secret) : []),
    ...(wantsWebhooks(secrets) && eventsKeySecret !== undefined ? [eventsKeySecret] : []),
  ]);
}

const wantsApi = (wanted: SecretsWanted) => wanted === 'all' || wanted === 'api';
const wantsWebhooks = (wanted: SecretsWanted) => wanted === 'all' || wanted === 'webhooks';

/** Reads `STOREFRONTS_FILE`; every account named there must be among `accounts`. */
export function readStorefronts(
  file: string,
  accounts: readonly GatewayAccount[],
): readonly Storefront[] {
  const storefronts = parseJson(readFileOf(file, STOREFRONTS), file, STOREFRONTS, (value) =>
    storefrontsValidator.Check(value)
      ? { ok: true, value }
      : { ok: false, problems: describe(storefrontsValidator.Errors(value)) },
  );
  const known = new Map(accounts.map(({ account, gateway }) => [account, gateway] as const));
  const problems = [
    ...repeated(storefronts.map((each) => each.storefront)).map(
      (storefront) => `storefront ${storefront} is listed twice`,
    ),
    ...storefronts
      .filter((each) => !known.has(each.account))
      .map((each) => `storefront ${each.storefront} names the unknown account ${each.account}`),
    ...storefronts
      .filter((each) => (known.get(each.account) ?? CALLED) !== CALLED)
      .map(
        ({ storefront, account }) =>
          `storefront ${storefront} names the account ${account} at ${known.get(account)}, which we can't call`,
      ),
  ];
  if (problems.length > 0) throw configurationFault(file, STOREFRONTS, problems);
  return storefronts;
}

/** A live key in a test process would move real money; a test key in a live one would move none. */
function wrongApiKey(
  { account, mode }: Pick<ConfiguredAccount, 'account' | 'mode'>,
  secret: string | undefined,
  apiKey: string | undefined,
): string[] {
  if (secret === undefined) return [`account ${account} names no apiKeySecret`];
  if (apiKey === undefined) return [notThere(secret)];
  const accepted = [`sk_${mode}_`, `rk_${mode}_`];
  if (accepted.some((prefix) => apiKey.startsWith(prefix))) return [];
  return [
    `the API key of account ${account} does not start with ${accepted.join(' or ')}: ` +
      `mode ${mode} takes no other keys`,
  ];
}

const notThere = (secret: string) =>
  `secret ${secret} is neither an environment variable nor a file in SECRETS_DIR`;

type Environment = ReadAccountsOptions['env'];

/** The file of a secret; undefined where the environment has it, which nobody changes while we run. */
export function secretFile(secret: string, env: Environment): string | undefined {
  const directory = env['SECRETS_DIR'];
  return env[secret] || directory === undefined ? undefined : join(directory, secret);
}

function secretNow(secret: string, env: Environment): string | undefined {
  const file = secretFile(secret, env);
  if (file === undefined) return env[secret] || undefined;
  try {
    const look = textIn(readFileSync(file));
    return look.kind === 'text' ? look.text : undefined;
  } catch {
    return undefined; // Told of together with the other place it could have been.
  }
}
