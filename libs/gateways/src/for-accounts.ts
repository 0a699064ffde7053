import type { GatewayAccount } from './accounts.js';
import type { AccountsSource } from './accounts-source.js';
import type { SettlementSource } from './port.js';

/**
 * One thing an account, made when it is first asked for, and made anew when the account has changed, its API key above
 * all. What is under way ends with what it began with.
 */
export function forAccounts<T>(
  source: Pick<AccountsSource, 'current'>,
  make: (account: GatewayAccount) => T,
): { get(account: string): T | undefined } {
  const made = new Map<string, { readonly account: GatewayAccount; readonly thing: T }>();
  return {
    get(name) {
      const account = source.current().find((each) => each.account === name);
      if (account === undefined) return undefined;
      const known = made.get(name);
      if (known?.account === account) return known.thing;
      const thing = make(account);
      made.set(name, { account, thing });
      return thing;
    },
  };
}

/** A settlement source that follows its account. */
export function followingSettlement(
  account: string,
  sources: { get(account: string): SettlementSource | undefined },
): SettlementSource {
  const now = (): SettlementSource => {
    const source = sources.get(account);
    if (source) return source;
    throw new Error(`account ${account} is no longer among the gateway accounts`);
  };
  return {
    account,
    payouts: (since) => now().payouts(since),
    report: (payout) => now().report(payout),
  };
}
