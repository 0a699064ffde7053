import { stableId } from '@paylog/contracts';
import type { Money } from '@paylog/payment-domain';

/** A payout of a gateway account: the unit of the close. */
export interface Statement {
  readonly statementId: string;
  readonly account: string;
  readonly gateway: string;
  /** The gateway's own id. */
  readonly statement: string;
  readonly payout: Money;
  /** RFC 3339: the cut-off. What happened before it belongs here or to an earlier statement. */
  readonly createdAt: string;
  readonly revision: number;
}

export function statementIdOf(account: string, statement: string): string {
  return stableId('sta', account, statement);
}
