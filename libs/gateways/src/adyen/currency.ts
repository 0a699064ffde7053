import { currencyTable, PLAIN_CURRENCIES } from '../currency.js';

/**
 * How Adyen counts: integers, by a table of its own that departs from ISO 4217 for CLP, CVE, IDR and ISK. MGA is not
 * established, and therefore not taken.
 */
export const adyenDecimals = currencyTable({
  whole: 'BIF CVE DJF GNF IDR JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF',
  two: `${PLAIN_CURRENCIES} CLP HUF ISK TWD`,
  three: 'BHD JOD KWD OMR TND',
});
