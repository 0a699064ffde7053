/**
 * An amount in integer minor units of an ISO 4217 currency: `{ minor: 1000n, currency: 'EUR' }` is ten euros.
 * On the wire `minor` is a decimal string. How many minor units make a major one differs per currency and per
 * gateway; nothing here needs to know.
 */
export interface Money {
  readonly minor: bigint;
  readonly currency: string;
}
