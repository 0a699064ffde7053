import type { Money } from '@paylog/payment-domain';

/**
 * How Stripe counts, which is neither ISO 4217 nor `Intl`. Our own minor units are ISO's; both tables are needed, and
 * a currency that Stripe's does not have is refused, never guessed.
 */
const ISO_WHOLE_UNITS = words('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF');
const ISO_THREE_DECIMALS = words('BHD JOD KWD OMR TND');

/** ISK and UGX are not here: Stripe takes two decimals that are always `00`. MGA is: ISO has two decimals. */
const STRIPE_WHOLE_UNITS = words('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF');
const STRIPE_THREE_DECIMALS = ISO_THREE_DECIMALS;
const STRIPE_TWO_DECIMALS = words(
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC ' +
    'CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD KES KGS KHR ' +
    'KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK ' +
    'PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX USD ' +
    'UYU UZS WST XCD XCG YER ZAR ZMW',
);

/** Stripe takes at most eight digits in most currencies; the exact limit is the gateway's to say. */
const API_AMOUNT_MAX = 999_999_999_999n;

export type AmountProblem =
  'currency_not_supported' | 'amount_not_positive' | 'amount_too_large' | 'amount_too_precise';

export type ToStripe =
  | { readonly ok: true; readonly amount: number; readonly currency: string }
  | { readonly ok: false; readonly problem: AmountProblem };

/** Our money as an API amount. More precision than Stripe takes is refused, never rounded. */
export function toStripeAmount(money: Money): ToStripe {
  const decimals = stripeDecimals(money.currency);
  if (decimals === undefined) return { ok: false, problem: 'currency_not_supported' };
  if (money.minor <= 0n) return { ok: false, problem: 'amount_not_positive' };
  const scaled = rescale(money.minor, isoDecimals(money.currency), decimals);
  if (scaled === undefined || (decimals === 3 && scaled % 10n !== 0n)) {
    return { ok: false, problem: 'amount_too_precise' };
  }
  if (scaled > API_AMOUNT_MAX) return { ok: false, problem: 'amount_too_large' };
  return { ok: true, amount: Number(scaled), currency: money.currency.toLowerCase() };
}

/** An API amount as our money; undefined when it has no exact value here or the currency is not in the table. */
export function fromStripeAmount(amount: number, currency: string): Money | undefined {
  const code = currency.toUpperCase();
  const decimals = stripeDecimals(code);
  if (decimals === undefined || !Number.isSafeInteger(amount)) return undefined;
  const minor = rescale(BigInt(amount), decimals, isoDecimals(code));
  return minor === undefined ? undefined : { minor, currency: code };
}

/**
 * A decimal string in major units, as report files have them: `-12.30` of EUR is −1230. Exact: undefined for anything
 * that is not a plain decimal number or has more decimals than the currency.
 */
export function fromReportAmount(text: string, currency: string): Money | undefined {
  const code = currency.toUpperCase();
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null || stripeDecimals(code) === undefined) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const unsigned = rescale(BigInt(whole + fraction), fraction.length, isoDecimals(code));
  if (unsigned === undefined) return undefined;
  return { minor: sign === '-' ? -unsigned : unsigned, currency: code };
}

/** How many decimals our minor units have. */
function isoDecimals(code: string): number {
  if (ISO_WHOLE_UNITS.has(code)) return 0;
  return ISO_THREE_DECIMALS.has(code) ? 3 : 2;
}

function stripeDecimals(code: string): number | undefined {
  if (STRIPE_WHOLE_UNITS.has(code)) return 0;
  if (STRIPE_TWO_DECIMALS.has(code)) return 2;
  return STRIPE_THREE_DECIMALS.has(code) ? 3 : undefined;
}

/** Undefined when digits would be lost. */
function rescale(value: bigint, from: number, to: number): bigint | undefined {
  if (to >= from) return value * 10n ** BigInt(to - from);
  const divisor = 10n ** BigInt(from - to);
  return value % divisor === 0n ? value / divisor : undefined;
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
