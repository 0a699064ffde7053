import { closed, GatewayId, Ordinal, PaymentId } from '../schema.js';
import { WireFact } from '../wire-fact.js';

export const FactRecorded = closed(
  {
    paymentId: PaymentId,
    fact: WireFact,
    line: closed({ statement: GatewayId, number: Ordinal }),
  },
  "A line of a gateway's report tells what no webhook did.",
);
