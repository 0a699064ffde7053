/**
 * Names of the ledger's accounts. Until the terms of a payment are known, its account and participant are not: then it
 * stands under `unassigned`, and moves when they come.
 */
const UNASSIGNED = 'unassigned';

/** What a gateway account owes us. */
export const receivable = (account: string | undefined) => `receivable:${account ?? UNASSIGNED}`;
/** What we owe to whoever sold. */
export const payable = (storefront: string | undefined) => `payable:${storefront ?? UNASSIGNED}`;
/** What we owe to whoever shares in what a storefront sold. Below zero (a debit): paid more than is theirs by now. */
export const payableTo = (storefront: string | undefined, participant: string) =>
  `${payable(storefront)}/${participant}`;
export const gatewayFee = (account: string) => `gateway_fee:${account}`;
/** On its way from the gateway to our bank. */
export const inTransit = (account: string) => `payout_in_transit:${account}`;
/** What disputes have taken and may give back. */
export const disputeHeld = (account: string | undefined) => `dispute_held:${account ?? UNASSIGNED}`;
/** What disputes took for good. */
export const disputeLost = (account: string | undefined) => `dispute_lost:${account ?? UNASSIGNED}`;
export const disputeFee = (account: string) => `dispute_fee:${account}`;
/** Between the currency a shopper paid in and the one a gateway settles in. */
export const fxClearing = (account: string) => `fx_clearing:${account}`;
/** A difference that nobody has explained yet; each has its exception. */
export const suspense = (account: string) => `suspense:${account}`;
