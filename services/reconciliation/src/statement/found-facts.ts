import { factId, foundPaymentId } from '@paylog/contracts';
import { captureOf, type SettlementLine } from '@paylog/gateways';
import type { AliasFact, OperationFact, OriginFact } from '@paylog/payment-domain';
import type { JudgedLine } from './decide.js';
import type { ToldFact } from './settlement-facts.js';

/** Whose report it is. */
export interface Reporting {
  readonly mode: 'test' | 'live';
  readonly account: string;
  readonly gateway: string;
}

type ToldKind = 'capture' | 'refund' | 'dispute_withdrawal' | 'dispute_reinstatement';
type ToldLine = SettlementLine & { readonly kind: ToldKind };

const TOLD_KINDS: readonly string[] = [
  'capture',
  'refund',
  'dispute_withdrawal',
  'dispute_reinstatement',
] satisfies ToldKind[];

/**
 * Money that moved and that nothing of ours explains: made in the gateway's dashboard, or by somebody else who uses the
 * account. Not captures that name a payment in their metadata: those are told at once, or are of a payment that isn't here.
 */
export function unmatchedOthers(judged: readonly JudgedLine[]): readonly ToldLine[] {
  return judged
    .filter(({ claim, finding }) => claim === undefined && finding?.class === 'missing_internal')
    .map(({ line }) => line)
    .filter(isTold)
    .filter(({ kind, paymentId }) => !(kind === 'capture' && paymentId !== undefined));
}

const isTold = (line: SettlementLine): line is ToldLine => TOLD_KINDS.includes(line.kind);

/** What may say whose a line is, the surest first. */
export function namesToAsk(line: SettlementLine): readonly string[] {
  const { paymentId, authorizationId, containerId } = line;
  return [paymentId, authorizationId, containerId].filter((name) => name !== undefined);
}

/**
 * The report as the only witness. A refund or a dispute of one of our payments is told there; what is nobody's is told of a
 * payment found at the gateway, whose id is the same as that of its webhooks. A line that names a payment in its metadata
 * which isn't here is left to a person.
 */
export function foundFacts(
  reporting: Reporting,
  lines: readonly ToldLine[],
  owners: ReadonlyMap<string, string>,
): readonly ToldFact[] {
  const told = new Map<string, ToldFact>();
  for (const line of lines) {
    const { statement, number } = line;
    const tell = (paymentId: string, fact: ToldFact['fact']) => {
      if (!told.has(fact.id)) told.set(fact.id, { paymentId, fact, line: { statement, number } });
    };
    const owner = namesToAsk(line)
      .map((name) => owners.get(name))
      .find((each) => each !== undefined);
    if (owner === undefined && line.paymentId !== undefined) continue;
    const object = line.containerId ?? line.authorizationId ?? line.gatewayObject;
    const { mode, account } = reporting;
    const paymentId = owner ?? foundPaymentId({ mode, account, object });
    if (owner === undefined) {
      tell(paymentId, originOf(reporting, line, object, paymentId));
      if (line.containerId !== undefined) {
        tell(paymentId, aliasOf(account, line, line.containerId, paymentId));
      }
    }
    tell(paymentId, operationOf(account, line));
  }
  return [...told.values()];
}

const settled = ({ createdAt }: SettlementLine) =>
  ({ at: createdAt, source: 'settlement' }) as const;

function originOf(
  reporting: Reporting,
  line: SettlementLine,
  object: string,
  paymentId: string,
): OriginFact {
  const id = factId('reconciliation', 'origin', paymentId);
  return { ...settled(line), type: 'origin', id, ...reporting, object };
}

function aliasOf(
  account: string,
  line: SettlementLine,
  container: string,
  paymentId: string,
): AliasFact {
  const id = factId('settlement', account, 'alias', container, paymentId);
  return { ...settled(line), type: 'alias', id, alias: container, target: paymentId };
}

/** Under the name that webhooks give it, so that the two are one. */
function operationOf(account: string, line: ToldLine): OperationFact {
  const { balanceTransaction, gatewayObject, authorizationId, kind, customerFacing } = line;
  const charge = authorizationId ?? gatewayObject;
  const named = {
    capture: { operation: captureOf(charge), parent: charge },
    refund: {
      operation: gatewayObject,
      ...(authorizationId !== undefined && { parent: authorizationId }),
    },
    dispute_withdrawal: { operation: balanceTransaction, parent: gatewayObject },
    dispute_reinstatement: { operation: balanceTransaction, parent: gatewayObject },
  }[kind];
  const { minor, currency } = customerFacing;
  return {
    ...settled(line),
    type: 'operation',
    id: factId('settlement', account, balanceTransaction),
    kind,
    outcome: 'succeeded',
    amount: { minor: minor < 0n ? -minor : minor, currency },
    ...named,
  };
}
