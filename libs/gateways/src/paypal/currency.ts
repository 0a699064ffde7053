import { currencyTable, PLAIN_CURRENCIES } from '../currency.js';

/** How PayPal counts: decimal strings. HUF, JPY and TWD have no decimals; what is not established is not taken. */
export const paypalDecimals = currencyTable({
  whole: 'HUF JPY TWD',
  two: PLAIN_CURRENCIES,
  three: '',
});
