import { DISPUTE_OUTCOMES, KINDS, OUTCOMES } from '@paylog/payment-domain';
import Type from 'typebox';
import { closed, Ordinal, PaymentId } from '../schema.js';
import { WireFact } from '../wire-fact.js';
import { PaymentState, WireTransition } from '../wire-payment.js';

export const PaymentEvent = closed(
  {
    paymentId: PaymentId,
    /** 1..n a payment, without gaps. */
    version: Ordinal,
    fact: WireFact,
    state: PaymentState,
    transitions: Type.Array(WireTransition),
  },
  'One newly accepted fact, the state after it, and what it changed. All event types have this shape.',
);

type Words<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Capitalize<Head>}${Words<Tail>}`
  : Capitalize<S>;
type OperationEvent = `${Words<(typeof KINDS)[number]>}${Words<(typeof OUTCOMES)[number]>}`;
type DisputeEvent = `Dispute${Words<(typeof DISPUTE_OUTCOMES)[number]>}`;

/** Names of the events of a payment: `<Kind><Outcome>`, and those of the other types of fact. */
export type PaymentEventName =
  | OperationEvent
  | DisputeEvent
  | 'PaymentTermsAgreed'
  | 'AliasRecorded'
  | 'TotalReported'
  | 'FactRetracted'
  | 'PaymentDiscovered'
  | 'PaymentAdopted';

const DISPUTE_EVENTS = DISPUTE_OUTCOMES.map(
  (outcome) => `Dispute${words(outcome)}` as DisputeEvent,
);

/** Names of events that are about no operation. */
export const EVENTS_OF_NO_OPERATION = [
  'PaymentTermsAgreed',
  'AliasRecorded',
  'TotalReported',
  'FactRetracted',
  'PaymentDiscovered',
  'PaymentAdopted',
  ...DISPUTE_EVENTS,
] as const;

/** Every name an event of a payment may have, as `eventName` of the domain gives it. */
export const PAYMENT_EVENTS = [
  ...EVENTS_OF_NO_OPERATION,
  ...KINDS.flatMap((kind) => OUTCOMES.map((outcome) => words(kind) + words(outcome))),
] as PaymentEventName[];

function words(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
