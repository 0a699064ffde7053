import { encode, factId, type MessageData, SETTLEMENT_FACTS, toWireFact } from '@paylog/contracts';
import { captureOf, type SettlementLine } from '@paylog/gateways';
import type { Fact } from '@paylog/payment-domain';
import type { Posting } from '../publish/append-all.js';
import type { JudgedLine } from './decide.js';

/** A fact that only a report line told. */
export interface ToldFact {
  readonly paymentId: string;
  readonly fact: Extract<Fact, { type: 'operation' | 'alias' | 'origin' }>;
  readonly line: MessageData<typeof SETTLEMENT_FACTS, 'FactRecorded'>['line'];
}

type CaptureLine = SettlementLine & { readonly paymentId: string };

/** Captures that a line has, that name a payment in their metadata and that match nothing of ours. */
export function unmatchedCaptures(judged: readonly JudgedLine[]): readonly CaptureLine[] {
  return judged
    .filter(({ finding }) => finding?.class === 'missing_internal')
    .map(({ line }) => line)
    .filter((line): line is CaptureLine => line.kind === 'capture' && line.paymentId !== undefined);
}

/**
 * The gateway settled a capture that no webhook, answer or query told us of: its report is as good a witness. Told under
 * the charge's own name, so that it is one with whatever else is told of that charge.
 */
export function captureFact(account: string, line: CaptureLine): ToldFact {
  const { statement, number, gatewayObject, authorizationId, balanceTransaction } = line;
  const charge = authorizationId ?? gatewayObject;
  return {
    paymentId: line.paymentId,
    line: { statement, number },
    fact: {
      type: 'operation',
      id: factId('settlement', account, balanceTransaction),
      at: line.createdAt,
      source: 'settlement',
      operation: captureOf(charge),
      kind: 'capture',
      outcome: 'succeeded',
      amount: line.customerFacing,
      parent: charge,
    },
  };
}

export function toPosting({ paymentId, fact, line }: ToldFact): Posting {
  const data = { paymentId, fact: toWireFact(fact), line };
  return {
    stream: paymentId,
    key: fact.id,
    rows: [
      {
        id: fact.id,
        type: 'FactRecorded',
        schemaVersion: 1,
        source: 'reconciliation',
        time: fact.at,
        data: encode(SETTLEMENT_FACTS, 'FactRecorded', data),
        correlationId: paymentId,
      },
    ],
  };
}
