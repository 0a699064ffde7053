import { gauge } from '@paylog/observability';
import type { Pool } from 'pg';
import { selectUnresolvedMoney } from '../engine/stuck.sql.js';

const payments = gauge(
  'intent_unresolved_payments',
  'Payments of which money may have moved and nobody can say, by age (up to).',
  ['account', 'age'],
);
const money = gauge(
  'intent_unresolved_minor',
  'Amounts of those payments, in minor units: at most this much is in doubt.',
  ['account', 'currency', 'age'],
);
const AGES = ['15m', '1h', '1d', '7d', 'older'] as const;

/** Looks at what is in doubt, and tells it by account and age: what is over goes back to zero. */
export async function tellUnresolved(pool: Pool, accounts: readonly string[]): Promise<void> {
  const rows = await selectUnresolvedMoney(pool);
  payments.reset();
  money.reset();
  for (const account of accounts) for (const age of AGES) payments.set({ account, age }, 0);
  for (const { account, currency, age, payments: count, minor } of rows) {
    payments.inc({ account, age }, count);
    money.set({ account, currency, age }, Number(minor));
  }
}
