import { type OtherGateways, readOtherGateways } from './others/config.js';

export interface SandboxAccount {
  readonly account: string;
  readonly apiKey: string;
  readonly webhookUrl?: string;
  readonly webhookSecret?: string;
}

export interface SandboxConfig {
  readonly port: number;
  readonly host: string;
  /** Where shoppers find the 3DS page, when it isn't where the sandbox listens. */
  readonly publicUrl?: string;
  /** The same seed and the same calls give the same misbehaviour. */
  readonly seed: string;
  /** File to which everything is appended, so that a restart keeps it. Absent: memory only. */
  readonly dataFile?: string;
  readonly accounts: readonly SandboxAccount[];
  /** Whose webhooks it sends when it is told to. */
  readonly otherGateways: OtherGateways;
}

/** Environment → configuration, or one error that lists every fault. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): SandboxConfig {
  const faults: string[] = [];
  const port = Number(env['HTTP_PORT'] ?? '4010');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) faults.push('HTTP_PORT is no port');
  const accounts = readAccounts(env['SANDBOX_ACCOUNTS'], faults);
  const otherGateways = readOtherGateways(env['SANDBOX_OTHER_GATEWAYS'], faults);
  if (faults.length > 0) {
    throw new Error(
      `sandbox-gateway can't start:${faults.map((fault) => `\n  - ${fault}`).join('')}`,
    );
  }
  const dataFile = env['SANDBOX_DATA'];
  const publicUrl = env['SANDBOX_PUBLIC_URL'];
  return {
    port,
    host: env['HTTP_HOST'] ?? '127.0.0.1',
    seed: env['SANDBOX_SEED'] ?? '1',
    ...(dataFile === undefined || dataFile === '' ? {} : { dataFile }),
    ...(publicUrl === undefined || publicUrl === '' ? {} : { publicUrl }),
    accounts,
    otherGateways,
  };
}

function readAccounts(text: string | undefined, faults: string[]): readonly SandboxAccount[] {
  if (text === undefined) {
    faults.push('SANDBOX_ACCOUNTS is missing: [{"account":"stripe-main","apiKey":"sk_test_…"}]');
    return [];
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) throw new Error('not a list');
    return parsed.map((each: unknown) => readAccount(each, faults));
  } catch (error) {
    faults.push(`SANDBOX_ACCOUNTS can't be read: ${String(error)}`);
    return [];
  }
}

function readAccount(value: unknown, faults: string[]): SandboxAccount {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const text = (field: string): string | undefined => {
    const found = fields[field];
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const account = text('account');
  const apiKey = text('apiKey');
  if (account === undefined) faults.push('an account has no name in "account"');
  // A sandbox that took live keys would teach people to send them.
  if (apiKey === undefined || !apiKey.startsWith('sk_test_')) {
    faults.push(`account ${account ?? '?'} needs an "apiKey" that starts with sk_test_`);
  }
  const webhookUrl = text('webhookUrl');
  const webhookSecret = text('webhookSecret');
  return {
    account: account ?? '',
    apiKey: apiKey ?? '',
    ...(webhookUrl === undefined ? {} : { webhookUrl }),
    ...(webhookSecret === undefined ? {} : { webhookSecret }),
  };
}
