import fc from 'fast-check';
import {
  addMoney,
  compareMoney,
  equalMoney,
  formatMajor,
  formatMinor,
  money,
  parseMajor,
  parseMinor,
  subtractMoney,
} from './money.js';

describe('minor units on the wire', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (minor) => {
        expect(parseMinor(formatMinor(minor))).toBe(minor);
      }),
    );
  });

  it.each(['', ' 1', '1.0', '1e3', '+1', '01', '-0', '0x1', '1_000', '1'.repeat(40)])(
    'are not read from %j',
    (text) => {
      expect(parseMinor(text)).toBeUndefined();
    },
  );
});

describe('major units in reports', () => {
  it.each<[string, number, bigint | undefined]>([
    ['2.90', 2, 290n],
    ['2.9', 2, 290n],
    ['-0.05', 2, -5n],
    ['100', 0, 100n],
    ['100.00', 0, 100n],
    ['1.234', 3, 1234n],
    ['2.905', 2, undefined],
    ['1,00', 2, undefined],
    ['', 2, undefined],
    ['.5', 2, undefined],
    ['5.', 2, undefined],
    ['NaN', 2, undefined],
  ])('%j with %d digits', (text, exponent, minor) => {
    expect(parseMajor(text, exponent)).toBe(minor);
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.nat(4),
        (minor, exponent) => {
          expect(parseMajor(formatMajor(minor, exponent), exponent)).toBe(minor);
        },
      ),
    );
  });
});

describe('amounts', () => {
  const [one, two, dollar] = [money(1n, 'EUR'), money(2n, 'EUR'), money(1n, 'USD')];

  it('are added, subtracted and compared within one currency only', () => {
    expect(addMoney(one, two)).toEqual(money(3n, 'EUR'));
    expect(subtractMoney(one, two)).toEqual(money(-1n, 'EUR'));
    expect([compareMoney(one, two), compareMoney(two, one), compareMoney(one, one)]).toEqual([
      -1, 1, 0,
    ]);
    expect(addMoney(one, dollar)).toBeUndefined();
    expect(subtractMoney(one, dollar)).toBeUndefined();
    expect(compareMoney(one, dollar)).toBeUndefined();
    expect(equalMoney(one, dollar)).toBe(false);
  });
});
