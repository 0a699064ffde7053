import { fromWirePayment, type PaymentState, type WireFact } from '@paylog/contracts';
import type { WireTransition } from '@paylog/contracts';
import { netOf, owedTo, sharesOf, type Kind } from '@paylog/payment-domain';

/** What one party has in a payment, in minor units of its currency as decimal strings. */
export interface ShareView {
  readonly by: 'participant' | 'platform_fee' | 'storefront';
  readonly participant?: string;
  readonly captured: string;
  readonly refunded: string;
  readonly chargedBack: string;
  readonly disputed: string;
  readonly net: string;
  readonly paidOut: string;
  /** Below zero: they were paid more than is theirs by now. */
  readonly owed: string;
}

/** Who has what in a split payment; undefined where the storefront has it all and nothing was passed on. */
export function sharesIn(state: PaymentState): readonly ShareView[] | undefined {
  if (!state.terms?.splits && !state.operations.some(isPassedOn)) return undefined;
  return sharesOf(fromWirePayment(state)).map((share) => {
    const { by, participant, captured, refunded, chargedBack, disputed, paidOut } = share;
    return {
      by,
      ...(participant === undefined ? {} : { participant }),
      captured: String(captured),
      refunded: String(refunded),
      chargedBack: String(chargedBack),
      disputed: String(disputed),
      net: String(netOf(share)),
      paidOut: String(paidOut),
      owed: String(owedTo(share)),
    };
  });
}

/** What a shopper may see of a state: who sells, and who earns how much of it, is between others. */
export function forShopper(state: PaymentState): PaymentState {
  const { terms, operations, unresolved, anomalies, ...rest } = state;
  const hidden = new Set(operations.filter(isPassedOn).map(({ id }) => id));
  const { splits: _splits, ...agreed } = terms ?? {};
  return {
    ...rest,
    ...(terms && { terms: agreed as NonNullable<PaymentState['terms']> }),
    operations: operations.filter((operation) => !isPassedOn(operation)),
    unresolved: unresolved.filter((id) => !hidden.has(id)),
    anomalies: anomalies.filter(({ about }) => !about.some((id) => hidden.has(id))),
  };
}

export interface EventData {
  readonly fact: WireFact;
  readonly state: PaymentState;
  readonly transitions: readonly WireTransition[];
}

/** The same of an event: its version and name stay, so that a stream has no gaps. */
export function eventForShopper<D extends EventData>(data: D): object {
  const { fact, state, transitions } = data;
  const hidden = new Set(state.operations.filter(isPassedOn).map(({ id }) => id));
  const about = fact.type === 'alias' ? fact.target : fact.type === 'operation' && fact.operation;
  const { id, at, source, type } = fact;
  const { splits: _splits, ...agreed } = fact as { splits?: unknown };
  const named = about !== false && hidden.has(about);
  const hides = named || (fact.type === 'operation' && isPassedOn(fact));
  return {
    ...data,
    fact: hides ? { id, at, source, type } : agreed,
    state: forShopper(state),
    transitions: transitions.filter((transition) => !isPassedOn(transition)),
  };
}

function isPassedOn({ kind }: { readonly kind: Kind }): boolean {
  return kind === 'participant_payout' || kind === 'participant_payout_reversal';
}
