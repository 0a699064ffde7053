import { isoDecimals } from '@paylog/contracts';
import type { Money } from '@paylog/payment-domain';
import { currencyTable, fromUnits, PLAIN_CURRENCIES, rescale } from '../currency.js';

/**
 * How Stripe counts, which is neither ISO 4217 nor `Intl`. ISK and UGX are not among the whole units: Stripe takes two
 * decimals that are always `00`. MGA is: ISO has two decimals.
 */
const stripeDecimals = currencyTable({
  whole: 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF',
  two: `${PLAIN_CURRENCIES} CVE HUF IDR ISK TWD UGX`,
  three: 'BHD JOD KWD OMR TND',
});

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
  return fromUnits(amount, currency.toUpperCase(), stripeDecimals);
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
