import {
  ANOMALIES,
  DISPUTE_OUTCOMES,
  DISPUTE_STAGES,
  KINDS,
  LABELS,
  OUTCOMES,
  REFUND_RULES,
} from '@paylog/payment-domain';
import Type, { type TSchema } from 'typebox';
import Format from 'typebox/format';
import { isCurrency } from './currency.js';

Format.Set('iso4217', isCurrency);

/** An object as its writer must send it: no field that isn't named here. Readers of our own topics open it. */
export function closed<P extends Record<string, TSchema>>(properties: P, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description && { description }),
  });
}

export const optional = Type.Optional;

const MINOR_POSITIVE = '^[1-9][0-9]{0,14}$';
const MINOR = '^(0|[1-9][0-9]{0,14})$';
const SUM = '^(0|[1-9][0-9]{0,29})$';
const SIGNED = '^(0|-?[1-9][0-9]{0,29})$';

export const Currency = Type.String({ pattern: '^[A-Z]{3}$', format: 'iso4217' });
/** Of a payment, a capture, a refund: more than nothing. */
export const PositiveMinor = Type.String({ pattern: MINOR_POSITIVE });
/** Of what a gateway reports: nothing is possible. */
export const Minor = Type.String({ pattern: MINOR });
/** Sums may be longer than any one amount. */
export const Sum = Type.String({ pattern: SUM });
export const Signed = Type.String({ pattern: SIGNED });
export const Amount = closed({ minor: PositiveMinor, currency: Currency });
export const WireMoney = closed({ minor: Minor, currency: Currency });
export const SignedMoney = closed({ minor: Signed, currency: Currency });

/** Ids and names of storefronts. Printable, no space at either end. */
export const Storefront = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,63}$' });
export const OrderId = Type.String({ minLength: 1, maxLength: 64, pattern: '^\\S(.*\\S)?$' });
export const Reference = Type.String({ minLength: 1, maxLength: 64, pattern: '^\\S(.*\\S)?$' });
export const Attempt = Type.Integer({ minimum: 1, maximum: 999 });
export const Account = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,63}$' });
export const Gateway = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,31}$' });

export const PaymentId = Type.String({ pattern: '^pay[a-z2-7]{26}$' });
/** An id of ours: of a fact, an entry, an exception, a statement, a parked row, a request. */
export const Id = Type.String({ minLength: 1, maxLength: 64 });
/** An id a gateway may have made. */
export const GatewayId = Type.String({ minLength: 1, maxLength: 255 });
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** Machine-readable: a decline code, `abandoned`, `parked`. */
export const Reason = Type.String({ minLength: 1, maxLength: 128 });
export const Text = Type.String({ minLength: 1, maxLength: 500 });
export const Name = Type.String({ minLength: 1, maxLength: 128 });
/** RFC 3339 in UTC, such as 2026-03-01T12:00:00.123Z. */
export const Time = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$',
  format: 'date-time',
});
export const CalendarDate = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  format: 'date',
});
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Ordinal = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const CaptureMode = Type.Enum(['automatic', 'manual']);
export const Mode = Type.Enum(['test', 'live']);

/** Hundredths of a percent. */
export const BasisPoints = Type.Integer({ minimum: 1, maximum: 10_000 });
export const RefundRuleName = Type.Enum(REFUND_RULES);

export const KindName = Type.Enum(KINDS);
export const OutcomeName = Type.Enum(OUTCOMES);
export const DisputeStageName = Type.Enum(DISPUTE_STAGES);
export const DisputeOutcomeName = Type.Enum(DISPUTE_OUTCOMES);
export const DisputeOutcomeOrBoth = Type.Enum([...DISPUTE_OUTCOMES, 'contradicted']);
export const LabelName = Type.Enum(LABELS);
export const AnomalyName = Type.Enum(ANOMALIES);
export const StatusName = Type.Enum([...OUTCOMES, 'contradicted']);
export const StatusOrNone = Type.Enum([...OUTCOMES, 'contradicted', 'none']);
