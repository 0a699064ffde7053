import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { followFiles, type Followed, textIn, type Texts } from '@paylog/mounted-files';
import { gauge, protectSecret } from '@paylog/observability';
import {
  type ConfiguredAccount,
  type GatewayAccount,
  parseAccounts,
  readAccounts,
  type ReadAccountsOptions,
  secretFile,
  secretNames,
  type WebhookSecret,
  withSecrets,
} from './accounts.js';

export interface FollowAccountsOptions extends ReadAccountsOptions {
  readonly logger: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** As `followFiles` has them. */
  readonly everyMs?: number;
  readonly settleMs?: number;
}

/** The gateway accounts, as their file and the files of their secrets say now. */
export interface AccountsSource {
  /**
   * One immutable list: take it once for what belongs together. An account, and a webhook secret, that has not changed is
   * the same object as before.
   */
  current(): readonly GatewayAccount[];
  /** What can't be used as it lies there; what was read last stands instead. */
  troubles(): readonly string[];
  stop(): void;
}

const secretsUsable = gauge(
  'paylog_webhook_secrets',
  'Webhook secrets of an account that are there, inside their dates or not',
  ['account'],
);

/**
 * As `readAccounts`, and follows the files from then on. A webhook secret whose file is gone is revoked; a secret whose
 * file is half written, and everything that would be a fault at the start (a broken list, an API key of the other mode or
 * none), leaves what was read last.
 */
export function followAccounts(options: FollowAccountsOptions): AccountsSource {
  const accounts = readAccounts(options);
  return new Following(options, accounts);
}

class Following implements AccountsSource {
  readonly #options: FollowAccountsOptions;
  readonly #followed: Followed;
  #configured: readonly ConfiguredAccount[];
  #listed: string;
  #accounts: readonly GatewayAccount[];
  #troubles: readonly string[] = [];

  constructor(options: FollowAccountsOptions, accounts: readonly GatewayAccount[]) {
    this.#options = options;
    this.#accounts = accounts;
    this.#listed = readFileSync(options.file, 'utf8').trim();
    this.#configured = parseAccounts(this.#listed, options);
    const initial = new Map([[options.file, this.#listed], ...this.#secretsNow()]);
    this.#build(initial);
    const { logger, everyMs, settleMs } = options;
    this.#followed = followFiles({
      files: () => [options.file, ...this.#secretFiles().values()],
      initial,
      changed: (texts) => this.#read(texts),
      logger,
      ...(everyMs !== undefined && { everyMs }),
      ...(settleMs !== undefined && { settleMs }),
    });
  }

  current(): readonly GatewayAccount[] {
    return this.#accounts;
  }

  troubles(): readonly string[] {
    const unusable = [...this.#followed.troubles()].map(([file, why]) => `${file}: ${why}`);
    return [...unusable, ...this.#troubles];
  }

  stop(): void {
    this.#followed.stop();
  }

  #read(texts: Texts): void {
    const listed = texts.get(this.#options.file);
    let broken: string | undefined;
    if (listed === undefined) broken = `the file ${this.#options.file} is gone`;
    else if (listed !== this.#listed) broken = this.#list(listed);
    this.#build(texts, broken);
  }

  /** Why the list can't be used, or undefined: it is now. */
  #list(text: string): string | undefined {
    try {
      this.#configured = parseAccounts(text, this.#options);
      this.#listed = text;
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Secrets are looked at anew whatever became of the list: one that was revoked must not live on with a typing error. */
  #build(texts: Texts, broken?: string): void {
    const { env, logger } = this.#options;
    const files = this.#secretFiles();
    const read = withSecrets(this.#configured, this.#options, (name) => {
      const file = files.get(name);
      return file === undefined ? env[name] || undefined : texts.get(file);
    });
    const troubles = [...(broken === undefined ? [] : [broken]), ...read.faults, ...read.absent];
    for (const trouble of troubles) {
      if (!this.#troubles.includes(trouble)) logger.warn({ trouble }, 'gateway accounts');
    }
    this.#troubles = troubles;
    const accounts = read.accounts.map((account) => this.#settled(account));
    if (isDeepStrictEqual(accounts, this.#accounts)) return;
    this.#accounts = accounts;
    logger.info({ accounts: accounts.map(told) }, 'gateway accounts read');
  }

  /** The account with what stands of the one before it. */
  #settled(account: GatewayAccount): GatewayAccount {
    const before = this.#accounts.find((each) => each.account === account.account);
    const webhookSecrets = account.webhookSecrets.map((secret) => sameOf(before, secret));
    for (const { value } of webhookSecrets) protectSecret(value);
    secretsUsable.set({ account: account.account }, webhookSecrets.length);
    const apiKey = usableKey(account) ?? before?.apiKey;
    if (apiKey !== undefined) protectSecret(apiKey);
    if (account.eventsKey !== undefined) protectSecret(account.eventsKey.value);
    const { apiKey: _read, ...rest } = account;
    const settled = { ...rest, webhookSecrets, ...(apiKey !== undefined && { apiKey }) };
    return isDeepStrictEqual(settled, before) ? (before as GatewayAccount) : settled;
  }

  #secretFiles(): ReadonlyMap<string, string> {
    return new Map(
      secretNames(this.#configured, this.#options).flatMap((name) => {
        const file = secretFile(name, this.#options.env);
        return file === undefined ? [] : [[name, file]];
      }),
    );
  }

  #secretsNow(): [string, string][] {
    return [...this.#secretFiles().values()].flatMap((file): [string, string][] => {
      try {
        const look = textIn(readFileSync(file));
        return look.kind === 'text' ? [[file, look.text]] : [];
      } catch {
        return []; // Then it comes later, or never was.
      }
    });
  }
}

function sameOf(before: GatewayAccount | undefined, secret: WebhookSecret): WebhookSecret {
  return before?.webhookSecrets.find((each) => isDeepStrictEqual(each, secret)) ?? secret;
}

/** Also what was read while we run must be of our mode. */
function usableKey({ apiKey, mode }: GatewayAccount): string | undefined {
  return apiKey?.startsWith(`sk_${mode}_`) || apiKey?.startsWith(`rk_${mode}_`)
    ? apiKey
    : undefined;
}

const told = ({ account, webhookSecrets }: GatewayAccount) => ({
  account,
  webhookSecrets: webhookSecrets.map(({ name, notBefore, notAfter }) => ({
    name,
    ...(notBefore !== undefined && { notBefore }),
    ...(notAfter !== undefined && { notAfter }),
  })),
});
