import { captureOf, type SettlementLine } from '@paylog/gateways';

export type Named = Pick<
  SettlementLine,
  'kind' | 'gatewayObject' | 'authorizationId' | 'containerId' | 'paymentId' | 'operationId'
>;

/** Ids that mean one operation at the gateway. A capture has none there, so it goes by the charge it was taken from. */
export function exactNames({ kind, gatewayObject, authorizationId }: Named): readonly string[] {
  if (kind !== 'capture') return [gatewayObject];
  const charges = [gatewayObject, ...(authorizationId === undefined ? [] : [authorizationId])];
  return [...new Set(charges.flatMap((charge) => [charge, captureOf(charge)]))];
}

/** What the line refers to beside that: our own ids in its metadata, and the gateway's container. */
export function referenceNames(line: Named): readonly string[] {
  const { kind, operationId, containerId, paymentId } = line;
  const ofPayment = kind === 'capture' ? [containerId, paymentId] : [];
  return [operationId, ...ofPayment].filter((name) => name !== undefined);
}
