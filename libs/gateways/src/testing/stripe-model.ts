import { PAYMENT_ID } from './said.js';
import type { History, Raw, Tape } from './provider-models.js';

/** Stripe: both twins of what happens, running totals, refunds one by one, a dispute with its balance transactions. */
export function stripeHistory(tape: Tape): History {
  const events: Raw[] = [];
  const truth = { authorized: 0, captured: 0, refunded: 0, withdrawn: 0, lost: false };
  const amount = 10_000;
  const metadata = { paylog_payment: PAYMENT_ID };
  const refunds: { readonly id: string; readonly amount: number; failed: boolean }[] = [];
  let state: 'new' | 'declined' | 'captured' = 'new';
  let dispute: 'none' | 'open' | 'over' = 'none';
  const tell = (type: string, object: Raw): void => {
    const created = 1_772_366_400 + events.length;
    events.push({
      id: `evt_${events.length}`,
      object: 'event',
      type,
      created,
      livemode: false,
      data: { object },
    });
  };
  const intent = (more: Raw): Raw => ({
    id: 'pi_1',
    object: 'payment_intent',
    amount,
    amount_received: 0,
    amount_capturable: 0,
    currency: 'eur',
    capture_method: 'automatic',
    created: 1_772_366_400,
    metadata,
    latest_charge: null,
    last_payment_error: null,
    cancellation_reason: null,
    client_secret: null,
    next_action: null,
    ...more,
  });
  const charge = (more: Raw): Raw => ({
    id: 'ch_1',
    object: 'charge',
    amount,
    amount_captured: 0,
    amount_refunded: 0,
    captured: false,
    refunded: false,
    currency: 'eur',
    created: 1_772_366_400,
    metadata,
    payment_intent: 'pi_1',
    failure_code: null,
    failure_balance_transaction: null,
    outcome: null,
    ...more,
  });
  const refund = (id: string, minor: number, status: string): Raw => ({
    id,
    object: 'refund',
    amount: minor,
    currency: 'eur',
    status,
    created: 1_772_366_400,
    metadata: {},
    charge: 'ch_1',
    payment_intent: 'pi_1',
    reason: null,
  });
  const movements = [
    { id: 'txn_out', amount: -amount, fee: 1_500, currency: 'eur' },
    { id: 'txn_back', amount, fee: 0, currency: 'eur' },
  ];
  const disputed = (type: string, status: string, moved: number): void =>
    tell(`charge.dispute.${type}`, {
      id: 'du_1',
      object: 'dispute',
      amount,
      currency: 'eur',
      status,
      reason: 'fraudulent',
      charge: 'ch_1',
      payment_intent: 'pi_1',
      evidence: {},
      evidence_details: { due_by: null },
      balance_transactions: movements.slice(0, moved),
    });
  const refunded = (): number =>
    refunds.reduce((sum, one) => sum + (one.failed ? 0 : one.amount), 0);

  const steps: readonly (readonly [() => boolean, () => void])[] = [
    [
      () => state === 'new',
      () => tell('payment_intent.created', intent({ status: 'requires_payment_method' })),
    ],
    [
      () => state === 'new',
      () => tell('payment_intent.processing', intent({ status: 'processing' })),
    ],
    [
      () => state === 'new' || state === 'declined',
      () => {
        state = 'captured';
        truth.authorized = truth.captured = amount;
        tell(
          'charge.succeeded',
          charge({ status: 'succeeded', captured: true, amount_captured: amount }),
        );
        tell(
          'payment_intent.succeeded',
          intent({ status: 'succeeded', amount_received: amount, latest_charge: 'ch_1' }),
        );
      },
    ],
    [
      () => state === 'new',
      () => {
        state = 'declined';
        const failed = { code: 'card_declined', decline_code: 'do_not_honor', charge: 'ch_0' };
        tell(
          'charge.failed',
          charge({ id: 'ch_0', status: 'failed', failure_code: 'card_declined' }),
        );
        tell(
          'payment_intent.payment_failed',
          intent({
            status: 'requires_payment_method',
            last_payment_error: failed,
            latest_charge: 'ch_0',
          }),
        );
      },
    ],
    [
      () => state === 'captured' && refunded() < amount && refunds.length < 4,
      () => {
        const one = {
          id: `re_${refunds.length}`,
          amount: 1 + tape.next(amount - refunded()),
          failed: false,
        };
        refunds.push(one);
        tell('refund.created', refund(one.id, one.amount, 'pending'));
        tell('refund.updated', refund(one.id, one.amount, 'succeeded'));
        tell(
          'charge.refunded',
          charge({
            status: 'succeeded',
            captured: true,
            amount_captured: amount,
            amount_refunded: refunded(),
          }),
        );
      },
    ],
    [
      () => refunds.some(({ failed }) => !failed),
      () => {
        const one = tape.of(refunds.filter(({ failed }) => !failed));
        if (one === undefined) return;
        one.failed = true;
        tell('refund.failed', refund(one.id, one.amount, 'failed'));
      },
    ],
    [
      () => state === 'captured' && dispute === 'none',
      () => {
        dispute = 'open';
        truth.withdrawn = amount;
        disputed('created', 'needs_response', 0);
        disputed('funds_withdrawn', 'needs_response', 1);
      },
    ],
    [() => dispute === 'open', () => disputed('updated', 'under_review', 1)],
    [
      () => dispute === 'open',
      () => {
        dispute = 'over';
        truth.withdrawn = 0;
        disputed('closed', 'won', 1);
        disputed('funds_reinstated', 'won', 2);
      },
    ],
    [
      () => dispute === 'open',
      () => {
        dispute = 'over';
        truth.lost = true;
        disputed('closed', 'lost', 1);
      },
    ],
  ];
  while (!tape.ended) {
    const step = tape.of(steps.filter(([when]) => when()));
    if (step === undefined) break;
    step[1]();
  }
  truth.refunded = refunded();
  return { events, truth };
}
