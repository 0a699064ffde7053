import type {
  Call,
  ObservedPayout,
  ParticipantPayouts,
  PayoutAnswer,
  PayoutLookup,
  PayoutQuery,
  PayOutRequest,
  TakeBackRequest,
} from '@paylog/gateways';

type Asked = (PayOutRequest | TakeBackRequest) & Pick<ObservedPayout, 'kind'>;

/** What the fake gateway lends: its keys, its weather, its clock. */
export interface Lent {
  readonly account: string;
  keyed(about: Call, effect: () => object): Promise<unknown>;
  lookup(about: Call, found: () => object | undefined): Promise<unknown>;
  now(): string;
}

/** Shares passed on and taken back, counted from calls only. */
export class FakePayouts implements ParticipantPayouts {
  readonly done: ObservedPayout[] = [];
  /** Names that the gateway has no account for. */
  readonly unknown = new Set<string>();
  /** Refuses that many payouts first: nothing is available yet. */
  refusals = 0;

  constructor(private readonly lent: Lent) {}

  reaches(participant: string): boolean {
    return !this.unknown.has(participant);
  }

  payOut(request: PayOutRequest): Promise<PayoutAnswer> {
    return this.#call({ ...request, kind: 'participant_payout' }, request.authorizationId);
  }

  takeBack(request: TakeBackRequest): Promise<PayoutAnswer> {
    return this.#call({ ...request, kind: 'participant_payout_reversal' }, request.payoutId);
  }

  lookup(query: PayoutQuery): Promise<PayoutLookup> {
    const about: Call = { ...this.#about(query), source: 'poll' };
    return this.lent.lookup(about, () => {
      const payout = this.done.find(({ ours }) => ours.operation === query.operationId);
      return payout && { payout };
    }) as Promise<PayoutLookup>;
  }

  /** What a participant has of a payment: passed on less taken back. */
  heldBy(participant: string): bigint {
    return this.done
      .filter((each) => each.participant === participant)
      .reduce(
        (sum, { kind, amount }) =>
          kind === 'participant_payout' ? sum + amount.minor : sum - amount.minor,
        0n,
      );
  }

  get doneTwice(): number {
    return this.done.length - new Set(this.done.map(({ ours }) => ours.operation)).size;
  }

  #call(asked: Asked, parent: string | undefined): Promise<PayoutAnswer> {
    const { kind, amount, participant, paymentId, operationId } = asked;
    return this.lent.keyed(this.#about(asked), () => {
      if (kind === 'participant_payout' && this.refusals > 0) {
        this.refusals -= 1;
        return { result: 'refused', reason: 'balance_insufficient', message: 'not yet' };
      }
      if (kind === 'participant_payout_reversal' && amount.minor > this.#leftOf(parent)) {
        return { result: 'refused', reason: 'transfer_already_reversed', message: 'too much' };
      }
      const payout: ObservedPayout = {
        kind,
        id: `${kind === 'participant_payout' ? 'tr' : 'trr'}_${this.done.length + 1}`,
        createdAt: this.lent.now(),
        amount,
        participant,
        ...(parent === undefined ? {} : { parent }),
        ours: { paymentId, operation: operationId },
      };
      this.done.push(payout);
      return { result: 'answered', payout };
    }) as Promise<PayoutAnswer>;
  }

  #leftOf(payoutId: string | undefined): bigint {
    const payout = this.done.find(({ id }) => id === payoutId);
    return this.done
      .filter(({ parent }) => parent === payoutId)
      .reduce((left, { amount }) => left - amount.minor, payout?.amount.minor ?? 0n);
  }

  #about(asked: Asked | PayoutQuery): Call {
    const { paymentId, operationId, kind, call } = asked;
    const { account } = this.lent;
    const amount = 'amount' in asked ? { amount: asked.amount } : {};
    return { account, paymentId, operationId, kind, call, source: 'response', ...amount };
  }
}
