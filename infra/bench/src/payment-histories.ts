import { createHash } from 'node:crypto';
import {
  canonicalJson,
  encode,
  factId,
  operationId,
  partitionOf,
  paymentId as paymentIdOf,
  PAYMENTS_EVENTS,
  stableId,
  toWireFact,
  toWirePayment,
  toWireTransition,
  type PaymentEventName,
} from '@paylog/contracts';
import { eventName, type Fact, fold, type Payment, transitions } from '@paylog/payment-domain';

/** One event of a payment as payment-state stores it, before its lane gives it a position. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly data: Buffer;
  readonly contentDigest: Buffer;
}

/** All that one payment leaves in payment-state: its events in order, and its row of the read model. */
export interface StoredPayment {
  readonly paymentId: string;
  readonly lane: number;
  readonly events: readonly StoredEvent[];
  readonly row: {
    readonly storefront: string;
    readonly orderId: string;
    readonly attempt: number;
    readonly label: string;
    readonly final: boolean;
    readonly state: string;
  };
}

const STOREFRONT = 'shop';

/** The ids of one payment: whatever differs between two payments with the same history. */
export interface Ids {
  readonly order: string;
  readonly payment: string;
  readonly facts: readonly string[];
  readonly operations: Readonly<Record<OperationName, string>>;
  readonly gateway: Readonly<Record<GatewayName, string>>;
}

const OPERATIONS = ['session', 'authorization', 'capture', 'refund', 'void'] as const;
type OperationName = (typeof OPERATIONS)[number];
const GATEWAY = ['pi', 'ch', 're'] as const;
type GatewayName = (typeof GATEWAY)[number];

/** The ids of the payment with this number; those of its facts rise. */
export function idsOf(number: number, facts: number): Ids {
  const order = `order-${number}`;
  const payment = paymentIdOf({ mode: 'test', storefront: STOREFRONT, orderId: order, attempt: 1 });
  const operations = OPERATIONS.map((kind) => [kind, operationId(payment, kind, '1')]);
  const gateway = GATEWAY.map((kind) => [kind, stableId(`${kind}_`, payment)]);
  const factIds = Array.from({ length: facts }, (_, i) => factId(payment, String(i)));
  return {
    order,
    payment,
    facts: factIds.sort(),
    operations: Object.fromEntries(operations) as Ids['operations'],
    gateway: Object.fromEntries(gateway) as Ids['gateway'],
  };
}

/** What happened to a payment, in the order in which it was told. */
export interface History {
  /** How many ids its facts are numbered by: as many as there are facts, or will be. */
  readonly ids: number;
  facts(ids: Ids): readonly Fact[];
}

/**
 * A machine for payments with one history. Folding and encoding every event of a million would take longer than what is
 * measured, so one payment is folded and encoded as payment-state does it, and the others are its bytes with other ids.
 * That is right as long as ids sort alike, for the fold sorts by them: operations are told apart by their prefix, facts
 * are numbered in the order of their ids.
 */
export function printerOf(history: History): (number: number) => StoredPayment {
  const example = idsOf(0, history.ids);
  const facts = history.facts(example);
  const slots = slotsOf(example);
  const events: Printed[] = [];
  let before: Payment = fold([]);
  facts.forEach((fact, i) => {
    const after = fold(facts.slice(0, i + 1));
    const type = eventName(fact) as PaymentEventName;
    const data = encode(PAYMENTS_EVENTS, type, {
      paymentId: example.payment,
      version: i + 1,
      fact: toWireFact(fact),
      state: toWirePayment(after),
      transitions: transitions(before, after).map(toWireTransition),
    });
    const content = canonicalJson(toWireFact(fact));
    events.push({
      id: template(fact.id, slots),
      type,
      time: fact.at,
      data: template(data.toString(), slots),
      content: template(content, slots),
    });
    before = after;
  });
  const state = template(canonicalJson(toWirePayment(before)), slots);
  const { label, final } = before;
  return (number) => {
    const ids = idsOf(number, history.ids);
    const values = [...slotsOf(ids).keys()];
    return {
      paymentId: ids.payment,
      lane: partitionOf(ids.payment),
      events: events.map((event) => print(event, values)),
      row: {
        storefront: STOREFRONT,
        orderId: ids.order,
        attempt: 1,
        label,
        final,
        state: state(values),
      },
    };
  };
}

interface Printed {
  readonly id: Template;
  readonly type: string;
  readonly time: string;
  readonly data: Template;
  readonly content: Template;
}

function print(event: Printed, values: readonly string[]): StoredEvent {
  return {
    id: event.id(values),
    type: event.type,
    time: event.time,
    data: Buffer.from(event.data(values)),
    contentDigest: createHash('sha256').update(event.content(values)).digest(),
  };
}

type Template = (values: readonly string[]) => string;

/** Every id, with its number. */
function slotsOf({ order, payment, facts, operations, gateway }: Ids): ReadonlyMap<string, number> {
  const all = [order, payment, ...facts, ...Object.values(operations), ...Object.values(gateway)];
  return new Map(all.map((id, i) => [id, i]));
}

const ID = /order-0\b|\b(?:pay|fct|ses|aut|cap|ref|voi|pi_|ch_|re_)[a-z2-7]{26}\b/;

function template(text: string, slots: ReadonlyMap<string, number>): Template {
  const pieces = text.split(new RegExp(`(${ID.source})`));
  const parts = pieces.map((piece) => slots.get(piece) ?? piece);
  return (values) => {
    let printed = '';
    for (const part of parts) printed += typeof part === 'number' ? values[part] : part;
    return printed;
  };
}
