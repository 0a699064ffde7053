import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Parsed } from '../json.js';
import type { Unsigned } from '../signed.js';

const id = Type.String({ minLength: 1, maxLength: 255 });
const maybe = Type.Optional(Type.String({ maxLength: 255 }));
const money = Type.Object({
  currency_code: Type.String({ pattern: '^[A-Z]{3}$' }),
  value: Type.String({ minLength: 1, maxLength: 32 }),
});
const links = Type.Optional(
  Type.Array(Type.Object({ href: Type.String(), rel: Type.String() }), { maxItems: 50 }),
);

const EventShape = Type.Object({
  id,
  event_type: Type.String({ minLength: 1, maxLength: 200 }),
  create_time: Type.String({ maxLength: 64 }),
  resource: Type.Unknown(),
});
export type PayPalEvent = Static<typeof EventShape>;

/** An authorization, a capture or a refund. */
const MovementShape = Type.Object({
  id,
  status: maybe,
  amount: Type.Optional(money),
  custom_id: maybe,
  links,
  supplementary_data: Type.Optional(
    Type.Object({
      related_ids: Type.Optional(
        Type.Object({ order_id: maybe, authorization_id: maybe, capture_id: maybe }),
      ),
    }),
  ),
});
export type Movement = Static<typeof MovementShape>;

const DisputeShape = Type.Object({
  dispute_id: id,
  disputed_transactions: Type.Array(Type.Object({ seller_transaction_id: maybe, custom: maybe }), {
    minItems: 1,
    maxItems: 100,
  }),
  dispute_amount: Type.Optional(money),
  dispute_life_cycle_stage: maybe,
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  seller_response_due_date: maybe,
  dispute_outcome: Type.Optional(Type.Object({ outcome_code: maybe })),
});
export type Dispute = Static<typeof DisputeShape>;

const parserOf = <S extends TSchema>(shape: S, what: string) => {
  const validator = Compile(shape);
  return ({ unsigned }: Unsigned<unknown>): Parsed<Unsigned<Static<S>>> => {
    if (validator.Check(unsigned)) return { ok: true, value: { unsigned } };
    const [first] = validator.Errors(unsigned);
    const error = `not ${what} as we know it: ${first?.message ?? 'unknown fault'}`;
    return { ok: false, path: first?.instancePath ?? '', error };
  };
};

export const parseEvent = parserOf(EventShape, 'an event');
export const parseMovement = parserOf(MovementShape, 'an authorization, capture or refund');
export const parseDispute = parserOf(DisputeShape, 'a dispute');
