/**
 * ISO 4217 codes of money in circulation, and those replaced since 2022: refunds and reports name them for years.
 * A list of our own, because `Intl.supportedValuesOf('currency')` differs between releases of Node.
 */
const CODES =
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF ' +
  'CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK ' +
  'HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL ' +
  'MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON ' +
  'RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS ' +
  'UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL';

const KNOWN: ReadonlySet<string> = new Set(CODES.split(' '));

/** Every currency code a message may carry, sorted. */
export const CURRENCIES: readonly string[] = [...KNOWN];

/** Whether `code` is an ISO 4217 currency we take. */
export function isCurrency(code: string): boolean {
  return KNOWN.has(code);
}

/** Counted in whole units, and in thousandths; all others in hundredths (ISO 4217). */
const WHOLE: ReadonlySet<string> = new Set(
  'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' '),
);
const THREE_DECIMALS: ReadonlySet<string> = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '));

/** How many decimals our minor units of a currency have. */
export function isoDecimals(code: string): number {
  if (WHOLE.has(code)) return 0;
  return THREE_DECIMALS.has(code) ? 3 : 2;
}
