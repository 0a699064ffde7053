import { fromReportAmount, fromStripeAmount, toStripeAmount } from './currency.js';

describe('toStripeAmount', () => {
  it.each([
    [1000n, 'EUR', 1000],
    [1000n, 'JPY', 1000],
    [1000n, 'ISK', 100_000],
    [1000n, 'UGX', 100_000],
    [1000n, 'MGA', 10],
    [1000n, 'CLP', 1000],
    [1230n, 'KWD', 1230],
  ])('%i %s is %i at Stripe', (minor, currency, amount) => {
    expect(toStripeAmount({ minor, currency })).toEqual({
      ok: true,
      amount,
      currency: currency.toLowerCase(),
    });
    expect(fromStripeAmount(amount, currency.toLowerCase())).toEqual({ minor, currency });
  });

  it.each([
    [1001n, 'MGA', 'amount_too_precise'],
    [1234n, 'KWD', 'amount_too_precise'],
    [0n, 'EUR', 'amount_not_positive'],
    [-1n, 'EUR', 'amount_not_positive'],
    [10n ** 15n, 'EUR', 'amount_too_large'],
    [1000n, 'XXX', 'currency_not_supported'],
  ])('%i %s is refused as %s', (minor, currency, problem) => {
    expect(toStripeAmount({ minor, currency })).toEqual({ ok: false, problem });
  });
});

describe('fromStripeAmount', () => {
  it('never guesses', () => {
    expect(fromStripeAmount(1050, 'isk')).toBeUndefined();
    expect(fromStripeAmount(1.5, 'eur')).toBeUndefined();
    expect(fromStripeAmount(100, 'abc')).toBeUndefined();
  });
});

describe('fromReportAmount', () => {
  it.each([
    ['12.30', 'eur', 1230n],
    ['-12.3', 'EUR', -1230n],
    ['12', 'EUR', 1200n],
    ['12.300', 'EUR', 1230n],
    ['1000', 'jpy', 1000n],
    ['1000.00', 'jpy', 1000n],
    ['1.234', 'KWD', 1234n],
    ['0.00', 'EUR', 0n],
  ])('%s %s is %i minor units', (text, currency, minor) => {
    expect(fromReportAmount(text, currency)).toEqual({ minor, currency: currency.toUpperCase() });
  });

  it.each(['', ' ', '1,00', '1.001', '1e3', '+1', '0x10', '.5', '1.', 'NaN', '1 000'])(
    '%p is no amount',
    (text) => {
      expect(fromReportAmount(text, 'EUR')).toBeUndefined();
    },
  );
});
