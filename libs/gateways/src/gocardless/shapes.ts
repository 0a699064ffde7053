import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Parsed } from '../json.js';
import { signed, type Signed } from '../signed.js';

const id = Type.String({ minLength: 1, maxLength: 255 });
const metadata = Type.Optional(
  Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
);

/** The parts of an event that we read. Amounts are not among them: GoCardless sends links only. */
export const EventShape = Type.Object({
  id,
  created_at: Type.String({ maxLength: 64 }),
  resource_type: Type.String({ minLength: 1, maxLength: 100 }),
  action: Type.String({ minLength: 1, maxLength: 100 }),
  links: Type.Object({
    payment: Type.Optional(id),
    refund: Type.Optional(id),
  }),
  details: Type.Optional(
    Type.Object({ cause: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })) }),
  ),
  metadata,
  resource_metadata: metadata,
});
export type GoCardlessEvent = Static<typeof EventShape>;

const validator = Compile(EventShape);

/** The events of a signed body; what stands beside them is of no use to us. */
export function eventsOf(body: Signed<unknown>): readonly Signed<unknown>[] | undefined {
  const value: unknown = body;
  if (typeof value !== 'object' || value === null || !('events' in value)) return undefined;
  const { events } = value;
  return Array.isArray(events) ? events.map((each: unknown) => signed(each)) : undefined;
}

/** What is read of a signed event is signed too. */
export function parseEvent(event: Signed<unknown>): Parsed<Signed<GoCardlessEvent>> {
  const value: unknown = event;
  if (validator.Check(value)) return { ok: true, value: signed(value) };
  const [first] = validator.Errors(value);
  return {
    ok: false,
    path: first?.instancePath ?? '',
    error: `not an event as we know it: ${first?.message ?? 'unknown fault'}`,
  };
}
