import { gocardlessEvent, gocardlessWebhook, GOCARDLESS_EVENTS } from '../simulated/gocardless.js';
import { simulatedId } from '../simulated/happening.js';
import { verified } from '../signed.js';
import { AT, CONTEXT, HUNDRED, PAYMENT_ID, saidBy } from '../testing/said.js';
import type { ReadingContext, WebhookItem } from '../webhooks.js';
import { gocardlessWebhooks } from './webhooks.js';

const STORY = 'story';
const happening = { story: STORY, amount: HUNDRED, at: AT, paymentId: PAYMENT_ID };
const event = (name: string, more: object = {}) => ({
  ...gocardlessEvent({ ...happening, event: name }),
  ...more,
});

const readAll = (events: readonly object[], context: ReadingContext = CONTEXT) =>
  gocardlessWebhooks.read(verified(gocardlessWebhook(events as never, 'secret').body), context);

function read(one: object, context?: ReadingContext): WebhookItem {
  const [only, ...others] = readAll([one], context);
  if (only === undefined || others.length > 0) throw new Error('not one item');
  return only;
}

const PM = simulatedId('PM', STORY, 'payment');
const RF = simulatedId('RF', STORY, 'refund');
const named = (lines: readonly string[] | string) =>
  (typeof lines === 'string' ? lines : lines.join('\n')).replaceAll(PM, 'PM').replaceAll(RF, 'RF');

describe('an event of GoCardless says', () => {
  it.each<[string, ...string[]]>([
    ['payments.created', 'capture PM pending'],
    ['payments.submitted', 'capture PM pending'],
    ['payments.customer_approval_denied', 'capture PM refused'],
    ['payments.confirmed', 'capture PM succeeded'],
    ['payments.paid_out', 'capture PM succeeded'],
    ['payments.cancelled', 'capture PM canceled'],
    ['payments.failed', 'capture PM reversed'],
    ['payments.late_failure_settled', 'capture PM reversed'],
    ['payments.resubmission_requested', 'capture PM/resubmission unknown'],
    [
      'payments.charged_back',
      'dispute PM/chargeback chargeback opened of PM',
      'dispute_withdrawal PM/chargeback/withdrawn succeeded of PM/chargeback',
    ],
    [
      'payments.chargeback_cancelled',
      'dispute PM/chargeback chargeback won of PM',
      'dispute_reinstatement PM/chargeback/reinstated succeeded of PM/chargeback',
    ],
    ['payments.surcharge_fee_credited', 'fee'],
    ['refunds.created', 'refund RF pending of PM'],
    ['refunds.paid', 'refund RF succeeded of PM'],
    ['refunds.funds_returned', 'refund RF reversed of PM'],
    ['refunds.failed', 'refund RF reversed of PM'],
    ['mandates.active', 'mandate'],
    ['payouts.paid', 'payout'],
  ])('%s', (name, ...lines) => {
    expect(named(saidBy(read(event(name))))).toBe(lines.join('\n'));
  });

  it('no amount, ever: there is none in it', () => {
    for (const name of GOCARDLESS_EVENTS) {
      const item = read(event(name));
      if (item.kind !== 'facts') continue;
      expect(item.facts.filter((fact) => 'amount' in fact)).toEqual([]);
    }
  });

  it('nothing of a payment where its resource or action is unknown', () => {
    expect(saidBy(read(event('payments.created', { action: 'constructor' })))).toBe(
      'event_type_not_mapped',
    );
    expect(saidBy(read(event('payments.created', { resource_type: 'billing_requests' })))).toBe(
      'event_type_not_mapped',
    );
  });

  it('why, by the cause that GoCardless names', () => {
    const details = { origin: 'bank', cause: 'insufficient_funds', reason_code: 'ARUDD-0' };
    expect(read(event('payments.failed', { details }))).toMatchObject({
      facts: [{ outcome: 'reversed', reason: 'insufficient_funds' }],
    });
  });
});

describe('events of GoCardless', () => {
  it('are each read by themselves, and can be sent on by themselves', () => {
    const items = readAll([event('payments.confirmed'), { id: 'EV1' }, event('refunds.paid')]);
    expect(items.map(({ kind }) => kind)).toEqual(['facts', 'unreadable', 'facts']);
    for (const each of items) {
      const [again] = gocardlessWebhooks.read(verified(each.alone?.() ?? Buffer.alloc(0)), CONTEXT);
      expect({ ...again, alone: undefined }).toEqual({ ...each, alone: undefined });
    }
  });

  it('that name no payment of ours wait for the gateway’s ids', () => {
    const unnamed = event('refunds.paid', { resource_metadata: {} });
    expect(read(unnamed)).toMatchObject({ kind: 'unresolved', references: [PM, RF] });
    const known = { ...CONTEXT, paymentOf: (id: string) => (id === PM ? PAYMENT_ID : undefined) };
    expect(read(unnamed, known)).toMatchObject({ kind: 'facts', paymentId: PAYMENT_ID });
  });

  it.each([
    ['no list', Buffer.from('{"events":{}}')],
    ['cut-off JSON', Buffer.from('{"events":[')],
    ['no id', Buffer.from('{"events":[{"links":{}}]}')],
    [
      'a link that is missing',
      Buffer.from(JSON.stringify({ events: [event('payments.failed', { links: {} })] })),
    ],
  ])('as %s are unreadable', (_, body) => {
    expect(gocardlessWebhooks.read(verified(body), CONTEXT)).toMatchObject([
      { kind: 'unreadable' },
    ]);
  });

  it('are delivered under the id of the delivery; there may be none', () => {
    const { body } = gocardlessWebhook([event('payments.created')], 'secret');
    expect(gocardlessWebhooks.identify({ body, headers: {} }).eventId).toMatch(/^WB/);
    const empty = Buffer.from('{"events":[]}');
    expect(gocardlessWebhooks.identify({ body: empty, headers: {} }).eventId).toBeNull();
    expect(gocardlessWebhooks.read(verified(empty), CONTEXT)).toMatchObject([
      { kind: 'ignored', reason: 'no_events' },
    ]);
  });
});
