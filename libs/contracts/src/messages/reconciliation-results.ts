import Type from 'typebox';
import {
  Account,
  closed,
  Count,
  Currency,
  Gateway,
  GatewayId,
  Id,
  Name,
  optional,
  Ordinal,
  Sha256,
  Signed,
  Time,
} from '../schema.js';

export const StatementClosed = closed(
  {
    statementId: Id,
    gateway: Gateway,
    account: Account,
    /** The gateway's own id of the payout, batch or report window. */
    statement: GatewayId,
    currency: Currency,
    /** From 1; a corrected file makes the next one. */
    revision: Ordinal,
    lines: Count,
    matched: Count,
    exceptions: Count,
    gross: Signed,
    fee: Signed,
    net: Signed,
    payout: optional(Signed),
    fileSha256: Sha256,
    closedAt: Time,
    signature: Type.String({ pattern: '^[A-Za-z0-9+/_-]{86}={0,2}$' }),
    keyId: Name,
  },
  'The close of one statement of a gateway. `signature` is ed25519 (base64 or base64url) over `canonicalJson` of the other fields.',
);
