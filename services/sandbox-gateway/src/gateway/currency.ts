/** Decimals of API amounts, for the report, which is in major units. Own table: the sandbox shares none with Paylog. */
const NONE = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE = new Set('bhd jod kwd omr tnd'.split(' '));

/** `1230` of `eur` is `12.30`. */
export function toMajor(amount: number, currency: string): string {
  const decimals = NONE.has(currency) ? 0 : THREE.has(currency) ? 3 : 2;
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const sign = amount < 0 ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
