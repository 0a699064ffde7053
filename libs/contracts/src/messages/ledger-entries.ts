import Type from 'typebox';
import {
  CalendarDate,
  closed,
  Currency,
  GatewayId,
  Id,
  optional,
  PaymentId,
  Reason,
  Sum,
} from '../schema.js';

/** `payable:<storefront>/<participant>` is the longest. */
const AccountName = Type.String({ minLength: 1, maxLength: 200 });

export const EntryPosted = closed(
  {
    entryId: Id,
    paymentId: optional(PaymentId),
    statementId: optional(Id),
    currency: Currency,
    lines: Type.Array(
      closed({ account: AccountName, side: Type.Enum(['debit', 'credit']), minor: Sum }),
      {
        minItems: 2,
        maxItems: 1000,
      },
    ),
    reason: Reason,
    causedBy: GatewayId,
    /** The day it happened; a late fact keeps its day here. */
    valueDate: CalendarDate,
    /** The open day it was posted into. */
    bookedOn: CalendarDate,
  },
  'A balanced double entry: debits equal credits, in one currency.',
);
