import type Stripe from 'stripe';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { GatewayAccount } from '../accounts.js';
import { GatewayFault } from '../fault.js';
import type {
  Call,
  ObservedPayout,
  ParticipantPayouts,
  PaymentAnswer,
  PayoutAnswer,
  PayoutQuery,
  PayOutRequest,
  TakeBackRequest,
} from '../port.js';
import { toStripeAmount } from './currency.js';
import { failureOf } from './failures.js';
import { METADATA, operationIn, participantIn, paymentIn } from './metadata.js';
import { moneyOf, timeOf } from './observe.js';
import { idOf } from './shapes.js';

const id = Type.String({ minLength: 1, maxLength: 255 });
const amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const reference = Type.Union([id, Type.Object({ id })]);
const common = {
  id,
  amount,
  currency: Type.String({ pattern: '^[a-zA-Z]{3}$' }),
  created: Type.Integer({ minimum: 0, maximum: 253_402_300_799 }),
};
const metadata = Type.Record(Type.String(), Type.String());

const TransferReversalShape = Type.Object({
  ...common,
  object: Type.Literal('transfer_reversal'),
  metadata: Type.Union([metadata, Type.Null()]),
  transfer: reference,
});
export type TransferReversalShape = Static<typeof TransferReversalShape>;

const TransferShape = Type.Object({
  ...common,
  object: Type.Literal('transfer'),
  metadata,
  source_transaction: Type.Optional(Type.Union([reference, Type.Null()])),
  transfer_group: Type.Union([Type.String(), Type.Null()]),
  reversals: Type.Object({ data: Type.Array(TransferReversalShape, { maxItems: 100 }) }),
});
export type TransferShape = Static<typeof TransferShape>;

const transferValidator = Compile(TransferShape);
const reversalValidator = Compile(TransferReversalShape);

export interface TransfersOptions {
  readonly stripe: Stripe;
  readonly account: GatewayAccount;
  readonly now: () => string;
}

/**
 * Separate charges and transfers: a share goes on as a transfer to the account that the configuration has for the
 * participant, and comes back as a reversal of it. Idempotency key = operation id.
 */
export function createTransfers({ stripe, account, now }: TransfersOptions): ParticipantPayouts {
  const destinations = account.participants ?? {};
  const reaches = (participant: string) => Object.hasOwn(destinations, participant);

  async function ask(about: Call, call: () => Promise<ObservedPayout>): Promise<PayoutAnswer> {
    try {
      return { result: 'answered', about, payout: await call(), at: now() };
    } catch (error) {
      return withoutDecline(failureOf(error, about, now()));
    }
  }

  return {
    reaches,

    async payOut(request: PayOutRequest): Promise<PayoutAnswer> {
      const about = callOf(account, 'participant_payout', request);
      const money = toStripeAmount(request.amount);
      if (!money.ok) return refusedHere(about, now(), money.problem);
      if (!reaches(request.participant)) return refusedHere(about, now(), 'no_destination');
      const { authorizationId, participant, paymentId, operationId } = request;
      return ask(about, async () =>
        observeTransfer(
          checkTransfer(
            await stripe.transfers.create(
              {
                amount: money.amount,
                currency: money.currency,
                destination: destinations[participant] ?? '',
                transfer_group: paymentId,
                ...(authorizationId === undefined ? {} : { source_transaction: authorizationId }),
                metadata: {
                  [METADATA.payment]: paymentId,
                  [METADATA.payout]: operationId,
                  [METADATA.participant]: participant,
                },
              },
              { idempotencyKey: operationId },
            ),
          ),
        ),
      );
    },

    async takeBack(request: TakeBackRequest): Promise<PayoutAnswer> {
      const about = callOf(account, 'participant_payout_reversal', request);
      const money = toStripeAmount(request.amount);
      if (!money.ok) return refusedHere(about, now(), money.problem);
      const { participant, paymentId, operationId, payoutId } = request;
      return ask(about, async () =>
        observeReversal(
          checkReversal(
            await stripe.transfers.createReversal(
              payoutId,
              {
                amount: money.amount,
                metadata: {
                  [METADATA.payment]: paymentId,
                  [METADATA.payoutReversal]: operationId,
                  [METADATA.participant]: participant,
                },
              },
              { idempotencyKey: operationId },
            ),
          ),
        ),
      );
    },

    async lookup(query: PayoutQuery) {
      const about: Call = { ...callOf(account, query.kind, query), source: 'poll' };
      try {
        const payout = await find(stripe, query);
        if (payout) return { result: 'answered', about, at: now(), payout };
        return { result: 'not_found', about, at: now(), by: 'list' };
      } catch (error) {
        return withoutDecline(failureOf(error, about, now()));
      }
    },
  };
}

/** Listed without delay: transfers by the group that the payment is, reversals by their transfer. */
async function find(stripe: Stripe, query: PayoutQuery): Promise<ObservedPayout | undefined> {
  const { kind, operationId, paymentId, payoutId } = query;
  if (kind === 'participant_payout') {
    if (payoutId !== undefined) {
      return observeTransfer(checkTransfer(await stripe.transfers.retrieve(payoutId)));
    }
    for await (const each of stripe.transfers.list({ transfer_group: paymentId, limit: 100 })) {
      if (each.metadata[METADATA.payout] === operationId) {
        return observeTransfer(checkTransfer(each));
      }
    }
    return undefined;
  }
  if (payoutId === undefined) {
    throw new GatewayFault('lookup_without_payout', 'a reversal is found by its transfer', false);
  }
  for await (const each of stripe.transfers.listReversals(payoutId, { limit: 100 })) {
    if (each.metadata?.[METADATA.payoutReversal] === operationId) {
      return observeReversal(checkReversal(each));
    }
  }
  return undefined;
}

/** A Transfer in our words. */
export function observeTransfer(transfer: TransferShape): ObservedPayout {
  return {
    ...observed('participant_payout', transfer, transfer.metadata),
    ...parentOf(idOf(transfer.source_transaction)),
  };
}

/** A reversal of a Transfer in our words. */
export function observeReversal(reversal: TransferReversalShape): ObservedPayout {
  return {
    ...observed('participant_payout_reversal', reversal, reversal.metadata ?? {}),
    ...parentOf(idOf(reversal.transfer)),
  };
}

function observed(
  kind: ObservedPayout['kind'],
  shown: Pick<TransferShape, 'id' | 'amount' | 'currency' | 'created'>,
  written: Record<string, string>,
): ObservedPayout {
  const paymentId = paymentIn(written);
  const operation = operationIn(
    written,
    kind === 'participant_payout' ? 'payout' : 'payoutReversal',
  );
  const participant = participantIn(written);
  return {
    kind,
    id: shown.id,
    createdAt: timeOf(shown.created),
    amount: moneyOf(shown.amount, shown.currency),
    ...(participant === undefined ? {} : { participant }),
    ours: {
      ...(paymentId === undefined ? {} : { paymentId }),
      ...(operation === undefined ? {} : { operation }),
    },
  };
}

const parentOf = (parent: string | undefined) => (parent === undefined ? {} : { parent });

/** Throws a `GatewayFault` where it is no Transfer as we know it. */
export function checkTransfer(value: unknown): TransferShape {
  if (transferValidator.Check(value)) return value;
  throw unreadable('transfer', transferValidator.Errors(value));
}

function checkReversal(value: unknown): TransferReversalShape {
  if (reversalValidator.Check(value)) return value;
  throw unreadable('transfer_reversal', reversalValidator.Errors(value));
}

function unreadable(
  what: string,
  [first]: readonly { instancePath: string; message: string }[],
): GatewayFault {
  const where = first ? `${first.instancePath} ${first.message}` : 'unknown fault';
  return new GatewayFault('answer_unreadable', `not a ${what} as we know it: ${where}`, false);
}

type Failure = Exclude<PaymentAnswer, { result: 'answered' }>;

/** No card is asked, so none declines; should the gateway say so, no money moved. */
function withoutDecline(failure: Failure): Exclude<PayoutAnswer, { result: 'answered' }> {
  if (failure.result !== 'declined') return failure;
  const { about, at, decline } = failure;
  const message = `The gateway declined the transfer: ${decline.declineCode}`;
  return { result: 'refused', about, at, reason: decline.declineCode, message };
}

function refusedHere(about: Call, at: string, reason: string): PayoutAnswer {
  return { result: 'refused', about, at, reason, message: `Not sent to Stripe: ${reason}` };
}

type Asked = Pick<Call, 'paymentId' | 'operationId' | 'call' | 'amount'>;

function callOf(account: GatewayAccount, kind: Call['kind'], asked: Asked): Call {
  const { paymentId, operationId, call, amount: money } = asked;
  return {
    account: account.account,
    paymentId,
    operationId,
    kind,
    call,
    source: 'response',
    ...(money === undefined ? {} : { amount: money }),
  };
}

/** Breaks the build when an SDK update changes a field that we read. */
type Satisfies<Shape, SdkType extends Shape> = SdkType;
export type SdkTransfersAgree = [
  Satisfies<TransferShape, Stripe.Transfer>,
  Satisfies<TransferReversalShape, Stripe.TransferReversal>,
];
