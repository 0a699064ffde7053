import { captureOf, type SettlementLine } from '@paylog/gateways';

export type Named = Pick<
  SettlementLine,
  | 'kind'
  | 'gatewayObject'
  | 'balanceTransaction'
  | 'authorizationId'
  | 'containerId'
  | 'paymentId'
  | 'operationId'
>;

/**
 * Ids that mean one operation at the gateway, the surest first. A capture has none there, so it goes by the charge it was
 * taken from, as what takes it back does; a movement of a dispute goes by its own transaction, then by its case.
 */
export function exactNames(line: Named): readonly string[] {
  const { kind, gatewayObject, authorizationId } = line;
  if (kind === 'dispute_withdrawal' || kind === 'dispute_reinstatement') {
    return [...new Set([line.balanceTransaction, gatewayObject])];
  }
  if (kind !== 'capture' && kind !== 'capture_reversal') return [gatewayObject];
  const charges = [gatewayObject, ...(authorizationId === undefined ? [] : [authorizationId])];
  return [...new Set(charges.flatMap((charge) => [charge, captureOf(charge)]))];
}

/** What the line refers to beside that: our own ids in its metadata, and the gateway's container. */
export function referenceNames(line: Named): readonly string[] {
  const { kind, operationId, containerId, paymentId } = line;
  const ofPayment = kind === 'capture' ? [containerId, paymentId] : [];
  return [operationId, ...ofPayment].filter((name) => name !== undefined);
}
