import type { Fact } from '@paylog/payment-domain';
import type { ReadingContext, WebhookItem } from '../webhooks.js';

export const PAYMENT_ID = `pay${'a'.repeat(26)}`;
export const AT = '2026-03-01T12:00:00.000Z';
export const HUNDRED = { minor: 10_000n, currency: 'EUR' };

export const CONTEXT: ReadingContext = {
  account: 'main',
  mode: 'test',
  paymentOf: () => undefined,
};

/** Facts in a line each: what an operation or a dispute reached, and the money it names. */
export function said(facts: readonly Fact[]): readonly string[] {
  return facts.map((fact) => {
    switch (fact.type) {
      case 'operation': {
        const { kind, operation, outcome, amount, parent } = fact;
        return line(`${kind} ${operation} ${outcome}`, amount, parent);
      }
      case 'dispute': {
        const { dispute, stage, outcome, amount, parent } = fact;
        return line(`dispute ${dispute} ${stage} ${outcome}`, amount, parent);
      }
      default:
        return fact.type;
    }
  });
}

function line(
  what: string,
  amount: { minor: bigint; currency: string } | undefined,
  parent: string | undefined,
): string {
  const money = amount === undefined ? '' : ` ${amount.minor} ${amount.currency}`;
  return `${what}${money}${parent === undefined ? '' : ` of ${parent}`}`;
}

/** What an item says, or what became of it instead. */
export function saidBy(item: WebhookItem | undefined): readonly string[] | string {
  if (item?.kind === 'facts') return said(item.facts);
  return item?.kind === 'ignored' ? item.reason : (item?.kind ?? 'nothing');
}
