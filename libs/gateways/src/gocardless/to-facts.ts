import type { Told } from '../observed-to-facts.js';
import { GatewayFault } from '../fault.js';
import type { Signed } from '../signed.js';
import type { Tale } from '../told.js';
import type { GoCardlessEvent } from './shapes.js';

type Event = Signed<GoCardlessEvent>;
type Meaning = ((event: Event) => Tale) | { readonly ignored: string };

/**
 * Every action we know, by resource. A payment of GoCardless is a capture: nothing is held before. Events name no
 * amounts, so no fact does: an outcome counts once our own request's answer or a report names the money.
 */
const MEANINGS: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  payments: {
    created: (event) => [payment(event, 'pending')],
    customer_approval_granted: (event) => [payment(event, 'pending')],
    customer_approval_denied: (event) => [payment(event, 'refused')],
    submitted: (event) => [payment(event, 'pending')],
    confirmed: (event) => [payment(event, 'succeeded')],
    paid_out: (event) => [payment(event, 'succeeded')],
    cancelled: (event) => [payment(event, 'canceled')],
    // Before it was confirmed or long after: the bank may say so either way, and `reversed` holds for both.
    failed: (event) => [payment(event, 'reversed')],
    late_failure_settled: (event) => [payment(event, 'reversed')],
    // Another try under the same id, after a failure: nobody could tell its outcome from the first one's.
    resubmission_requested: (event) => [resubmission(event)],
    charged_back: (event) => chargeback(event, 'opened', 'dispute_withdrawal'),
    chargeback_settled: (event) => chargeback(event, 'opened', 'dispute_withdrawal'),
    chargeback_cancelled: (event) => chargeback(event, 'won', 'dispute_reinstatement'),
    surcharge_fee_credited: { ignored: 'fee' },
  },
  refunds: {
    created: (event) => [refund(event, 'pending')],
    paid: (event) => [refund(event, 'succeeded')],
    refund_settled: (event) => [refund(event, 'succeeded')],
    funds_returned: (event) => [refund(event, 'reversed')],
    failed: (event) => [refund(event, 'reversed')],
  },
};

/** Of these, every action tells nothing of a payment. */
const IGNORED: Readonly<Record<string, string>> = { mandates: 'mandate', payouts: 'payout' };

/** `resource_type.action` of what is mapped, in the order of the documents. */
export const EVENT_NAMES: readonly string[] = Object.entries(MEANINGS).flatMap(
  ([resource, actions]) => Object.keys(actions).map((action) => `${resource}.${action}`),
);

/** What a signed event says of its payment, or why nothing. Throws a `GatewayFault` where it names none. */
export function toFacts(event: Event): Tale | { readonly ignored: string } {
  const { resource_type: resource, action } = event;
  const ignored = own(IGNORED, resource);
  if (ignored !== undefined) return { ignored };
  const meaning = own(own(MEANINGS, resource) ?? {}, action);
  if (meaning === undefined) return { ignored: 'event_type_not_mapped' };
  return typeof meaning === 'function' ? meaning(event) : meaning;
}

function own<T>(of: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

/** `details.cause` is GoCardless's own word for why; banks' reason codes differ by scheme. */
const reasonOf = ({ details }: Event) =>
  details?.cause === undefined ? {} : { reason: details.cause };

function payment(event: Event, outcome: Told['outcome']): Told {
  return { operation: linked(event, 'payment'), kind: 'capture', outcome, ...reasonOf(event) };
}

function resubmission(event: Event): Told {
  const operation = `${linked(event, 'payment')}/resubmission`;
  return { operation, kind: 'capture', outcome: 'unknown', reason: 'resubmission_requested' };
}

function refund(event: Event, outcome: Told['outcome']): Told {
  const { payment: parent } = event.links;
  return {
    operation: linked(event, 'refund'),
    kind: 'refund',
    outcome,
    ...reasonOf(event),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** A payer's bank takes the money back without asking, and may give it again; the case has no id of its own. */
function chargeback(
  event: Event,
  outcome: 'opened' | 'won',
  kind: 'dispute_withdrawal' | 'dispute_reinstatement',
): Tale {
  const parent = linked(event, 'payment');
  const dispute = `${parent}/chargeback`;
  const what = kind === 'dispute_withdrawal' ? 'withdrawn' : 'reinstated';
  return [
    { dispute, stage: 'chargeback', outcome, parent, ...reasonOf(event) },
    { operation: `${dispute}/${what}`, kind, outcome: 'succeeded', parent: dispute },
  ];
}

function linked({ links }: Event, what: 'payment' | 'refund'): string {
  const id = links[what];
  if (id !== undefined) return id;
  throw new GatewayFault('link_missing', `/links/${what} is missing`, false);
}
