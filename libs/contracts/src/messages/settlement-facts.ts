import { closed, GatewayId, Ordinal, PaymentId } from '../schema.js';
import { WireFact } from '../wire-fact.js';

/** A line of a gateway's report tells what no webhook did. */
export const FactRecorded = closed({
  paymentId: PaymentId,
  fact: WireFact,
  line: closed({ statement: GatewayId, number: Ordinal }),
});
