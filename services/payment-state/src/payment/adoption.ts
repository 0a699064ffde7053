import { factId } from '@paylog/contracts';
import {
  type AdoptionFact,
  type Fact,
  fold,
  type Payment,
  type RetractionFact,
} from '@paylog/payment-domain';
import { PARKED } from './parked-hold.js';
import type { PaymentStream } from './payment-stream.js';

/** Why a fact that moved to another payment is taken back here. */
export const ADOPTED = 'adopted';

/** What an operator says: this found payment belongs to that order. */
export interface Adopting {
  /** Found at a gateway. */
  readonly payment: string;
  /** The order's own payment; `payment` itself where the order has none. */
  readonly into: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly operator: string;
  readonly reason: string;
  /** RFC 3339: when it is obeyed. */
  readonly at: string;
}

export interface OfPayment {
  readonly paymentId: string;
  readonly fact: Fact;
}

export type Adopted =
  /** Facts still to be recorded; none when it is done. */
  | { readonly outcome: 'adopted'; readonly facts: readonly OfPayment[] }
  /** It would contradict what is known. */
  | { readonly outcome: 'refused'; readonly reason: AdoptionRefusal };

export type AdoptionRefusal =
  | 'not_found_at_a_gateway'
  | 'adopted_elsewhere'
  | 'other_mode'
  | 'other_account'
  | 'other_currency';

/**
 * What is left to be recorded so that `payment` belongs to the order. Where the order has a payment of its own, each fact
 * that stands here is told there under an id that follows from this one, and taken back here. Pure, and the same however
 * often and after whichever crash it is asked.
 */
export function adopt(adopting: Adopting, found: PaymentStream, own: PaymentStream): Adopted {
  const { payment, into } = adopting;
  const here = fold(found.facts.byId.values());
  const refused = whyNot(adopting, here, fold(own.facts.byId.values()));
  if (refused) return { outcome: 'refused', reason: refused };
  const said = sayings(adopting, here);
  const facts = said.filter(({ paymentId, fact }) => {
    const { facts: known } = paymentId === payment ? found : own;
    return !known.byId.has(fact.id);
  });
  if (payment === into) return { outcome: 'adopted', facts };
  return { outcome: 'adopted', facts: [...facts, ...moves(adopting, found)] };
}

function whyNot(
  { payment, into }: Adopting,
  here: Payment,
  there: Payment,
): AdoptionRefusal | undefined {
  const { origin, terms } = here;
  if (origin === undefined || terms !== undefined) return 'not_found_at_a_gateway';
  if (here.adoptions?.some((known) => known.into !== into)) return 'adopted_elsewhere';
  if (payment === into || there.terms === undefined) return undefined;
  if (there.terms.mode !== origin.mode) return 'other_mode';
  if (there.terms.account !== origin.account) return 'other_account';
  const { currency = there.currency } = here;
  return currency === there.currency ? undefined : 'other_currency';
}

/** Who says so and why, kept on both sides, in the words in which it was said first. */
function sayings({ at, ...adopting }: Adopting, here: Payment): readonly OfPayment[] {
  const { payment, into } = adopting;
  const words = here.adoptions?.[0] ?? { ...adopting, at };
  const sides = payment === into ? [payment] : [payment, into];
  return sides.map((paymentId) => {
    const id = factId('adoption', payment, into, paymentId);
    const fact: AdoptionFact = { ...words, type: 'adoption', id, source: 'operator' };
    return { paymentId, fact };
  });
}

function moves({ payment, into, at }: Adopting, { facts }: PaymentStream): readonly OfPayment[] {
  const retracted = new Set<string>();
  for (const fact of facts.byId.values()) {
    if (fact.type === 'retraction') retracted.add(fact.retracts);
  }
  return [...facts.byId.values()].filter(goesAlong).flatMap((fact) => {
    if (fact.type === 'retraction' || retracted.has(fact.id)) return [];
    const id = idThere(fact.id, into);
    const retraction: RetractionFact = {
      type: 'retraction',
      id: factId('retraction', id),
      at,
      source: 'operator',
      retracts: fact.id,
      reason: ADOPTED,
      successor: id,
    };
    return [
      { paymentId: into, fact: { ...retold(fact, payment, into), id } },
      { paymentId: payment, fact: retraction },
    ];
  });
}

/** What is about the payment itself; not what is about where it was found, and what waits for a person here. */
function goesAlong(fact: Fact): boolean {
  switch (fact.type) {
    case 'origin':
    case 'adoption':
    case 'terms':
      return false;
    case 'retraction':
      return fact.reason !== ADOPTED;
    case 'operation':
      return !(fact.kind === 'hold' && fact.reason === PARKED);
    case 'dispute':
    case 'alias':
    case 'total':
      return true;
  }
}

const idThere = (id: string, into: string): string => factId(ADOPTED, id, into);

/** The same fact, said of the other payment. */
function retold(fact: Fact, payment: string, into: string): Fact {
  return fact.type === 'alias' && fact.target === payment ? { ...fact, target: into } : fact;
}

/** Where the facts of this payment go since it was adopted; undefined where they stay. */
export function adoptedInto(paymentId: string, { facts }: PaymentStream): string | undefined {
  for (const fact of facts.byId.values()) {
    if (fact.type !== 'adoption' || fact.payment !== paymentId) continue;
    return fact.into === paymentId ? undefined : fact.into;
  }
  return undefined;
}

/**
 * A fact that is told of an adopted payment and isn't known there, as it goes to the order's own. It keeps its id; one that
 * takes back a fact which had moved takes back what that has become. Undefined where it stays.
 */
export function followed(
  { paymentId, fact }: OfPayment,
  found: PaymentStream,
): OfPayment | undefined {
  const into = adoptedInto(paymentId, found);
  if (into === undefined || !goesAlong(fact)) return undefined;
  if (fact.type === 'retraction' && found.facts.byId.has(fact.retracts)) {
    return { paymentId: into, fact: { ...fact, retracts: idThere(fact.retracts, into) } };
  }
  return { paymentId: into, fact: retold(fact, paymentId, into) };
}
