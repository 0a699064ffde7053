import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Parsed } from '../json.js';
import type { Signed } from '../signed.js';
import type { SignedFields } from './signature.js';

const id = Type.String({ minLength: 1, maxLength: 255 });
const maybe = Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()]));

/** The signed fields of an item, as they must be before we read them. */
const ItemShape = Type.Object({
  pspReference: id,
  originalReference: maybe,
  merchantAccountCode: id,
  merchantReference: Type.Optional(Type.Union([Type.String({ maxLength: 1_000 }), Type.Null()])),
  amount: Type.Object({
    value: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  }),
  eventCode: Type.String({ minLength: 1, maxLength: 200 }),
  success: Type.Enum(['true', 'false']),
});
export type AdyenItem = Static<typeof ItemShape>;

const validator = Compile(ItemShape);

/** What is read of a signed item is signed too. */
export function parseItem(fields: Signed<SignedFields>): Parsed<Signed<AdyenItem>> {
  const value: unknown = fields;
  if (validator.Check(value)) return { ok: true, value: value as Signed<AdyenItem> };
  const [first] = validator.Errors(value);
  return {
    ok: false,
    path: first?.instancePath ?? '',
    error: `not an item as we know it: ${first?.message ?? 'unknown fault'}`,
  };
}
