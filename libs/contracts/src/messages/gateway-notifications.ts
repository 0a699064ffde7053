import {
  Account,
  closed,
  GatewayId,
  Id,
  optional,
  PaymentId,
  Sha256,
  Text,
  Time,
} from '../schema.js';
import { WireFact } from '../wire-fact.js';

const reported = {
  paymentId: PaymentId,
  fact: WireFact,
  /** The stored webhook this was read from. */
  evidence: closed({
    id: Id,
    account: Account,
    eventId: GatewayId,
    sha256: Sha256,
    receivedAt: optional(Time),
    /** Names of the secrets or the certificate that vouched for it, never their values. */
    verifiedWith: optional(Text),
  }),
};

export const FactRecorded = closed(reported, 'A gateway told us, with a signature that covers it.');

export const UnconfirmedFact = closed(
  reported,
  "A gateway told us what its signature doesn't cover: intent asks the gateway before anybody counts it.",
);
