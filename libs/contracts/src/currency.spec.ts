import { CURRENCIES, isCurrency } from './currency.js';

describe('currencies', () => {
  it('are codes that the runtime knows, but for the newest', () => {
    const known = new Set([...Intl.supportedValuesOf('currency'), 'VED', 'XCG', 'ZWG']);
    expect(CURRENCIES.filter((code) => !known.has(code))).toEqual([]);
    expect(CURRENCIES).toEqual([...CURRENCIES].sort());
  });

  it.each(['EUR', 'USD', 'JPY', 'KWD'])('take %s', (code) => {
    expect(isCurrency(code)).toBe(true);
  });

  it.each(['eur', 'EURO', 'XXX', 'XTS', 'XAU', 'AAA', ''])('refuse %s', (code) => {
    expect(isCurrency(code)).toBe(false);
  });
});
