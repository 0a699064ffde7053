import { PAYMENT_ID } from './said.js';

/**
 * What each provider may send about one payment, as its documents have it: a machine that makes one legal step after
 * another, keeps the truth of the money by itself, and writes the events. It knows nothing of how we read them.
 */

export type Raw = Readonly<Record<string, unknown>>;

/** What happened to the money, by the provider's own books; minor units of EUR. */
export interface Truth {
  authorized: number;
  captured: number;
  refunded: number;
  /** Taken by disputes, less what was given back; of a lost case for good. */
  withdrawn: number;
  lost: boolean;
}

export interface History {
  readonly events: readonly Raw[];
  readonly truth: Truth;
}

/** Decisions, one number each, until the tape ends. */
export class Tape {
  #at = 0;

  constructor(private readonly numbers: readonly number[]) {}

  get ended(): boolean {
    return this.#at >= this.numbers.length;
  }

  next(below: number): number {
    return (this.numbers[this.#at++] ?? 0) % below;
  }

  of<T>(choices: readonly T[]): T | undefined {
    return choices.length === 0 ? undefined : choices[this.next(choices.length)];
  }
}

const AMOUNT = 10_000;
const START = Date.UTC(2026, 2, 1);
const nothing = (): Truth => ({
  authorized: 0,
  captured: 0,
  refunded: 0,
  withdrawn: 0,
  lost: false,
});

/** Time goes on a little with each event. */
const clock = () => {
  let ms = START;
  return (): string => new Date((ms += 1_000)).toISOString();
};

interface Step {
  readonly when: boolean;
  readonly act: () => void;
}

/** Plays legal steps until the tape ends, or nothing more can happen. */
function play(tape: Tape, steps: () => readonly Step[]): void {
  while (!tape.ended) {
    const step = tape.of(steps().filter(({ when }) => when));
    if (step === undefined) return;
    step.act();
  }
}

interface Part {
  readonly id: string;
  readonly amount: number;
  failed: boolean;
}

const total = (parts: readonly Part[]): number =>
  parts.reduce((sum, { amount, failed }) => sum + (failed ? 0 : amount), 0);

/** Adyen: modifications have references of their own, disputes climb, and anything accepted may fail later. */
export function adyenHistory(tape: Tape, sign: (item: Raw) => Raw = (item) => item): History {
  const at = clock();
  const events: Raw[] = [];
  const truth = nothing();
  const captures: Part[] = [];
  const refunds: Part[] = [];
  let state: 'new' | 'held' | 'refused' | 'released' = 'new';
  let dispute: 'none' | 'asked' | 'chargeback' | 'reversed' | 'second' | 'pre' | 'over' = 'none';
  const tell = (eventCode: string, pspReference: string, value: number, success = true): void => {
    const modified = pspReference !== 'PSP';
    const item = {
      amount: { currency: 'EUR', value },
      eventCode,
      eventDate: at(),
      merchantAccountCode: 'Shop',
      merchantReference: PAYMENT_ID,
      ...(modified && { originalReference: 'PSP' }),
      pspReference,
      success: String(success),
    };
    events.push(sign(item));
  };
  const climb = (to: typeof dispute, code: string, moved: number): void => {
    dispute = to;
    truth.withdrawn += moved;
    tell(code, 'DIS', AMOUNT);
  };
  play(tape, () => [
    {
      when: state === 'new',
      act: () => (
        (state = 'held'),
        (truth.authorized = AMOUNT),
        tell('AUTHORISATION', 'PSP', AMOUNT)
      ),
    },
    {
      when: state === 'new',
      act: () => ((state = 'refused'), tell('AUTHORISATION', 'PSP', AMOUNT, false)),
    },
    { when: state === 'new', act: () => tell('PENDING', 'PSP', AMOUNT) },
    { when: state === 'refused', act: () => tell('OFFER_CLOSED', 'PSP', AMOUNT) },
    {
      when: state === 'held' && captures.reduce((sum, { amount }) => sum + amount, 0) < AMOUNT,
      act: () => {
        const taken = captures.reduce((sum, { amount }) => sum + amount, 0);
        const amount = 1 + tape.next(AMOUNT - taken);
        captures.push({ id: `CAP${captures.length}`, amount, failed: false });
        tell('CAPTURE', `CAP${captures.length - 1}`, amount);
      },
    },
    { when: state === 'held', act: () => tell('CAPTURE', `NO${events.length}`, 1, false) },
    {
      when: captures.some(({ failed }) => !failed) && refunds.length === 0,
      act: () => {
        const one = tape.of(captures.filter(({ failed }) => !failed));
        if (one === undefined) return;
        one.failed = true;
        tell('CAPTURE_FAILED', one.id, one.amount);
      },
    },
    {
      when: state === 'held' && captures.length === 0,
      act: () => ((state = 'released'), tell('CANCELLATION', 'CAN', 0)),
    },
    { when: state === 'held', act: () => ((state = 'released'), tell('EXPIRE', 'PSP', 1)) },
    {
      when: total(captures) > total(refunds) && refunds.length < 4,
      act: () => {
        const amount = 1 + tape.next(total(captures) - total(refunds));
        refunds.push({ id: `REF${refunds.length}`, amount, failed: false });
        tell('REFUND', `REF${refunds.length - 1}`, amount);
      },
    },
    {
      when: refunds.some(({ failed }) => !failed),
      act: () => {
        const one = tape.of(refunds.filter(({ failed }) => !failed));
        if (one === undefined) return;
        one.failed = true;
        tell(tape.next(2) === 0 ? 'REFUND_FAILED' : 'REFUNDED_REVERSED', one.id, one.amount);
      },
    },
    {
      when: total(captures) > 0 && dispute === 'none',
      act: () => climb('asked', 'REQUEST_FOR_INFORMATION', 0),
    },
    {
      when: total(captures) > 0 && (dispute === 'none' || dispute === 'asked'),
      act: () => climb('chargeback', 'CHARGEBACK', AMOUNT),
    },
    {
      when: dispute === 'chargeback',
      act: () => climb('reversed', 'CHARGEBACK_REVERSED', -AMOUNT),
    },
    { when: dispute === 'reversed', act: () => climb('second', 'SECOND_CHARGEBACK', AMOUNT) },
    { when: dispute === 'second', act: () => climb('pre', 'PREARBITRATION_OPEN', 0) },
    {
      when: dispute === 'pre',
      act: () => ((truth.lost = true), climb('over', 'PREARBITRATION_LOST', 0)),
    },
    { when: dispute === 'pre', act: () => climb('over', 'PREARBITRATION_WON', 0) },
  ]);
  truth.captured = total(captures);
  truth.refunded = total(refunds);
  return { events, truth };
}

/** PayPal: captures of an authorization or of an order, refunds one by one, disputes that move no money by themselves. */
export function paypalHistory(tape: Tape): History {
  const at = clock();
  const events: Raw[] = [];
  const truth = nothing();
  const captures: Part[] = [];
  let refunded = 0;
  let dispute: 'none' | 'open' | 'over' = 'none';
  let held = false;
  let released = false;
  const money = (minor: number) => ({ currency_code: 'EUR', value: (minor / 100).toFixed(2) });
  const tell = (event_type: string, resource: Raw): void => {
    events.push({ id: `WH-${events.length}`, create_time: at(), event_type, resource });
  };
  const movement = (id: string, minor: number, up?: string): Raw => ({
    id,
    amount: money(minor),
    custom_id: PAYMENT_ID,
    links:
      up === undefined ? [] : [{ rel: 'up', href: `https://api.paypal.com/v2/payments/${up}` }],
  });
  const disputed = (type: string, more: Raw): void =>
    tell(`CUSTOMER.DISPUTE.${type}`, {
      dispute_id: 'PP-D-1',
      disputed_transactions: [{ seller_transaction_id: 'CAP0', custom: PAYMENT_ID }],
      dispute_amount: money(total(captures)),
      ...more,
    });
  play(tape, () => [
    {
      when: !held && captures.length === 0,
      act: () => (
        (held = true),
        (truth.authorized = AMOUNT),
        tell('PAYMENT.AUTHORIZATION.CREATED', movement('AUTH', AMOUNT))
      ),
    },
    {
      when: held && !released && total(captures) < AMOUNT && captures.length < 4,
      act: () => {
        const amount = 1 + tape.next(AMOUNT - total(captures));
        const id = `CAP${captures.length}`;
        captures.push({ id, amount, failed: false });
        if (tape.next(2) === 0)
          tell('PAYMENT.CAPTURE.PENDING', movement(id, amount, 'authorizations/AUTH'));
        tell('PAYMENT.CAPTURE.COMPLETED', movement(id, amount, 'authorizations/AUTH'));
      },
    },
    {
      when: held && !released,
      act: () => (
        (released = true),
        tell('PAYMENT.AUTHORIZATION.VOIDED', movement('AUTH', AMOUNT))
      ),
    },
    {
      when: held && !released,
      act: () => tell('PAYMENT.CAPTURE.DECLINED', movement(`NO${events.length}`, 1)),
    },
    {
      when: refunded < total(captures) && captures.every(({ failed }) => !failed),
      act: () => {
        const amount = 1 + tape.next(total(captures) - refunded);
        refunded += amount;
        tell('PAYMENT.CAPTURE.REFUNDED', movement(`REF${events.length}`, amount, 'captures/CAP0'));
      },
    },
    {
      when: captures.some(({ failed }) => !failed) && refunded === 0,
      act: () => {
        const one = tape.of(captures.filter(({ failed }) => !failed));
        if (one === undefined) return;
        one.failed = true;
        tell(
          'PAYMENT.CAPTURE.REVERSED',
          movement(`REV${events.length}`, one.amount, `captures/${one.id}`),
        );
      },
    },
    {
      when: total(captures) > 0 && dispute === 'none',
      act: () => ((dispute = 'open'), disputed('CREATED', { dispute_life_cycle_stage: 'INQUIRY' })),
    },
    {
      when: dispute === 'open',
      act: () => disputed('UPDATED', { dispute_life_cycle_stage: 'CHARGEBACK' }),
    },
    {
      when: dispute === 'open',
      act: () => {
        dispute = 'over';
        const outcome_code = tape.of([
          'RESOLVED_BUYER_FAVOUR',
          'RESOLVED_SELLER_FAVOUR',
          'ACCEPTED',
        ]);
        disputed('RESOLVED', {
          dispute_life_cycle_stage: 'CHARGEBACK',
          dispute_outcome: { outcome_code },
        });
      },
    },
  ]);
  truth.captured = total(captures);
  truth.refunded = refunded;
  return { events, truth };
}

/** GoCardless: a debit that is confirmed may still fail or be charged back, and a chargeback be cancelled. No amounts. */
export function gocardlessHistory(tape: Tape): History & { readonly statuses: Raw } {
  const at = clock();
  const events: Raw[] = [];
  let debit: 'new' | 'submitted' | 'confirmed' | 'paid_out' | 'failed' | 'cancelled' = 'new';
  let chargeback: 'none' | 'taken' | 'cancelled' = 'none';
  let refund: 'none' | 'created' | 'paid' | 'returned' = 'none';
  const tell = (resource_type: string, action: string): void => {
    events.push({
      id: `EV${events.length}`,
      created_at: at(),
      resource_type,
      action,
      links: resource_type === 'refunds' ? { payment: 'PM1', refund: 'RF1' } : { payment: 'PM1' },
      details: { origin: 'gocardless', cause: `payment_${action}` },
      resource_metadata: { paylog_payment: PAYMENT_ID },
    });
  };
  const taken = () => debit === 'confirmed' || debit === 'paid_out';
  play(tape, () => [
    { when: debit === 'new', act: () => tell('payments', 'created') },
    { when: debit === 'new', act: () => ((debit = 'submitted'), tell('payments', 'submitted')) },
    { when: debit === 'new', act: () => ((debit = 'cancelled'), tell('payments', 'cancelled')) },
    {
      when: debit === 'submitted',
      act: () => ((debit = 'confirmed'), tell('payments', 'confirmed')),
    },
    {
      when: debit === 'confirmed',
      act: () => ((debit = 'paid_out'), tell('payments', 'paid_out')),
    },
    {
      when: debit === 'submitted' || (taken() && chargeback === 'none' && refund === 'none'),
      act: () => {
        const late = taken();
        debit = 'failed';
        tell('payments', 'failed');
        if (late) tell('payments', 'late_failure_settled');
      },
    },
    {
      when: taken() && chargeback === 'none',
      act: () => ((chargeback = 'taken'), tell('payments', 'charged_back')),
    },
    { when: chargeback === 'taken', act: () => tell('payments', 'chargeback_settled') },
    {
      when: chargeback === 'taken',
      act: () => ((chargeback = 'cancelled'), tell('payments', 'chargeback_cancelled')),
    },
    {
      when: taken() && refund === 'none',
      act: () => ((refund = 'created'), tell('refunds', 'created')),
    },
    { when: refund === 'created', act: () => ((refund = 'paid'), tell('refunds', 'paid')) },
    {
      when: refund === 'paid',
      act: () => ((refund = 'returned'), tell('refunds', 'funds_returned')),
    },
  ]);
  return { events, truth: nothing(), statuses: { debit, chargeback, refund } };
}
