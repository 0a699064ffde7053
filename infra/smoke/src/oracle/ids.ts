import { createHash } from 'node:crypto';

const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';

const PREFIX = { capture: 'cap', refund: 'ref' } as const;

/**
 * The id of an operation by (payment, kind, reference): three letters, then 26 base32 digits of sha256 over the letters
 * and the parts, each after its length in four bytes.
 */
export function operationIdOf(
  payment: string,
  kind: keyof typeof PREFIX,
  reference: string,
): string {
  const sha = createHash('sha256');
  for (const part of [PREFIX[kind], payment, kind, reference]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(part));
    sha.update(length).update(part);
  }
  const bits = [...sha.digest()].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = Array.from({ length: 26 }, (_, i) =>
    DIGITS.charAt(Number.parseInt(bits.slice(5 * i, 5 * i + 5), 2)),
  );
  return PREFIX[kind] + digits.join('');
}
