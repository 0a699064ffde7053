import { isoDecimals } from '@paylog/contracts';
import type { Money } from '@paylog/payment-domain';

/*
 * Our minor units are ISO 4217's. How a gateway counts is its own: each has a table, and a currency that a table does
 * not have is refused, never guessed.
 */

/** Two decimals in ISO 4217 and at every gateway here. */
export const PLAIN_CURRENCIES =
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC ' +
  'CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG ILS INR JMD KES KGS KHR KYD KZT LAK LBP ' +
  'LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR ' +
  'RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TZS UAH USD UYU UZS WST XCD XCG YER ' +
  'ZAR ZMW';

/** Lists of codes, separated by blanks, by how many decimals the gateway's amounts have. */
export interface CurrencyLists {
  readonly whole: string;
  readonly two: string;
  readonly three: string;
}

/** How many decimals a gateway gives a currency; undefined for one it is not known to take. */
export type CurrencyTable = (code: string) => number | undefined;

export function currencyTable({ whole, two, three }: CurrencyLists): CurrencyTable {
  const decimals = new Map<string, number>();
  for (const [list, places] of [
    [whole, 0],
    [two, 2],
    [three, 3],
  ] as const) {
    for (const code of words(list)) decimals.set(code, places);
  }
  return (code) => decimals.get(code);
}

/** An integer amount of a gateway as our money; undefined when it has no exact value here. */
export function fromUnits(value: number, code: string, table: CurrencyTable): Money | undefined {
  const decimals = table(code);
  if (decimals === undefined || !Number.isSafeInteger(value)) return undefined;
  const minor = rescale(BigInt(value), decimals, isoDecimals(code));
  return minor === undefined ? undefined : { minor, currency: code };
}

/** A decimal string in major units, of at most as many decimals as the gateway's table has; undefined for any other. */
export function fromDecimal(text: string, code: string, table: CurrencyTable): Money | undefined {
  const decimals = table(code);
  const match = /^(\d{1,15})(?:\.(\d{1,3}))?$/.exec(text);
  if (decimals === undefined || match === null) return undefined;
  const [, whole = '', fraction = ''] = match;
  if (fraction.length > decimals) return undefined;
  const minor = rescale(BigInt(whole + fraction), fraction.length, isoDecimals(code));
  return minor === undefined ? undefined : { minor, currency: code };
}

/** Our money as a gateway's integer; undefined when it has no exact value there. */
export function toUnits({ minor, currency }: Money, table: CurrencyTable): number | undefined {
  const decimals = table(currency);
  const units =
    decimals === undefined ? undefined : rescale(minor, isoDecimals(currency), decimals);
  return units === undefined ? undefined : Number(units);
}

/** Undefined when digits would be lost. */
export function rescale(value: bigint, from: number, to: number): bigint | undefined {
  if (to >= from) return value * 10n ** BigInt(to - from);
  const divisor = 10n ** BigInt(from - to);
  return value % divisor === 0n ? value / divisor : undefined;
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
