/**
 * What a signature vouches for, as a difference that the compiler sees. A mapper reads money and identity from `Signed`
 * values only; what came beside them is `Unsigned`, and has to be opened by name.
 */
declare const vouched: unique symbol;

/** The bytes of a delivery that was verified. How much of them its signature covers is the provider's to say. */
export type Verified = Buffer & { readonly [vouched]: 'delivery' };

/** Covered by the signature. Made where a provider's rules for that are: in its `signature.ts`. */
export type Signed<T> = T & { readonly [vouched]: 'signature' };

/** Came in a verified delivery, but anybody on the way could have changed it. */
export interface Unsigned<T> {
  readonly unsigned: T;
}

/** For bytes that come from evidence: what can't be verified is refused, and never stored. */
export const verified = (body: Buffer): Verified => body as Verified;

/** For `signature.ts` of a provider, and nobody else. */
export const signed = <T>(value: T): Signed<T> => value as Signed<T>;
