import type { Fact } from './fact.js';
import { fold } from './fold.js';
import { LABELS, type Label } from './payment.js';
import {
  alias,
  authorization,
  capture,
  dispute,
  hold,
  refund,
  reinstatement,
  session,
  terms,
  total,
  voiding,
  withdrawal,
} from './testing/facts.js';

/** Label, then `closed` and `final`, of what is given. */
const given = (...facts: readonly Fact[]) => {
  const { label, closed, final } = fold(facts);
  return [label, ...(closed ? ['closed'] : []), ...(final ? ['final'] : [])].join(' ');
};

const asked = [terms(100), authorization('aut1', 'requested', 100)];
const won = authorization('aut1', 'succeeded', 100);
const refused = authorization('aut1', 'refused', undefined, { reason: 'do_not_honor' });
const waiting = authorization('aut1', 'pending');
const taken = capture('cap1', 'succeeded', 100);
const part = capture('cap1', 'succeeded', 60);
const open = session('ses1', 'pending');
const over = session('ses1', 'canceled');
const paid = session('ses1', 'succeeded');
const lateFailure = authorization('aut1', 'reversed', 100);
const out = withdrawal('dp/out', 'succeeded', 100, { parent: 'dp' });
const back = reinstatement('dp/back', 'succeeded', 100, { parent: 'dp' });

describe('the label', () => {
  it.each<[string, readonly Fact[], string]>([
    ['nothing is known', [], 'initialized'],
    ['an authorization is asked for', asked, 'initialized'],
    [
      'the call timed out',
      [...asked, authorization('aut1', 'unknown', undefined, { call: 1 })],
      'pending',
    ],
    ['the shopper must act', [...asked, waiting, open], 'pending'],
    ['it was refused, but the container is open', [...asked, refused, open], 'pending'],
    ['it was refused, and no container is known', [...asked, refused], 'initialized'],
    [
      'it was refused and the container closed',
      [...asked, refused, open, over],
      'failed closed final',
    ],
    [
      'a refusal, then a try nobody finished',
      [...asked, refused, authorization('aut2', 'pending'), over],
      'failed closed final',
    ],
    ['it was abandoned and closed', [...asked, waiting, open, over], 'canceled closed final'],
    [
      'the container expired untried',
      [...asked, waiting, session('ses1', 'expired')],
      'canceled closed final',
    ],
    ['money is held', [...asked, won], 'authorized'],
    ['money is held, the container open', [...asked, won, open], 'authorized'],
    ['the container is paid, its money not reported yet', [...asked, paid], 'pending'],
    ['… or only its authorization is', [...asked, won, paid], 'authorized'],
    ['everything is captured', [...asked, won, taken, paid], 'captured closed final'],
    [
      'everything is captured, the container never told of',
      [...asked, won, taken],
      'captured final',
    ],
    [
      'a capture where no authorizations exist',
      [capture('tr_1', 'succeeded', 100)],
      'captured final',
    ],
    ['a total says that all is captured', [...asked, won, total('ch_1', 100)], 'captured final'],
    ['a part is captured, more may come', [...asked, won, part, open], 'partially_captured'],
    [
      'a part is captured and the rest released',
      [...asked, won, part, paid],
      'captured closed final',
    ],
    [
      'a part is captured and the rest voided',
      [...asked, won, part, voiding('voi1', 'succeeded')],
      'captured closed final',
    ],
    [
      'it was voided',
      [...asked, won, voiding('voi1', 'requested'), voiding('voi1', 'succeeded')],
      'voided closed final',
    ],
    ['a part was voided', [...asked, won, voiding('voi1', 'succeeded', 30)], 'authorized'],
    [
      'the container was canceled while money was held',
      [...asked, won, over],
      'voided closed final',
    ],
    [
      'the authorization expired',
      [...asked, won, authorization('aut1', 'expired')],
      'expired closed final',
    ],
    [
      'it expired, and its success is still to be told',
      [...asked, authorization('aut1', 'expired')],
      'expired closed final',
    ],
    [
      'it was voided, and another try is on its way',
      [won, voiding('v', 'succeeded', 100, { parent: 'aut1' }), authorization('aut2', 'pending')],
      'pending',
    ],
    ['a part was refunded', [won, taken, refund('r', 'succeeded', 10)], 'partially_refunded final'],
    ['everything was refunded', [won, taken, refund('r', 'succeeded', 100)], 'refunded final'],
    [
      'the refund failed later',
      [won, taken, refund('r', 'succeeded', 100), refund('r', 'reversed', 100)],
      'captured final',
    ],
    [
      'the capture failed later, the container open',
      [won, taken, capture('cap1', 'reversed', 100), open],
      'authorized',
    ],
    [
      'a debit failed after its container had succeeded: it may be paid again',
      [...asked, won, taken, paid, capture('cap1', 'reversed', 100), lateFailure],
      'pending',
    ],
    [
      'and it was paid again',
      [
        ...[...asked, won, taken, paid, capture('cap1', 'reversed', 100), lateFailure],
        ...[authorization('ch_2', 'succeeded', 100), capture('ch_2/capture', 'succeeded', 100)],
      ],
      'captured closed final',
    ],
    [
      'or nobody paid it again, and it was closed',
      [...asked, won, taken, paid, capture('cap1', 'reversed', 100), lateFailure, over],
      'failed closed final',
    ],
    [
      'a debit failed later',
      [
        authorization('ch_1', 'succeeded', 100),
        authorization('ch_1', 'reversed', 100),
        taken,
        capture('cap1', 'reversed', 100),
        over,
      ],
      'failed closed final',
    ],
    [
      'an inquiry is open, which takes no money',
      [...asked, won, taken, paid, dispute('dp', 'inquiry', 'opened', 100)],
      'captured closed',
    ],
    [
      'money is withdrawn and nothing decided',
      [...asked, won, taken, paid, dispute('dp', 'chargeback', 'opened', 100), out],
      'disputed closed',
    ],
    ['money is withdrawn, and the case not known yet', [...asked, won, taken, out], 'disputed'],
    [
      'the dispute is won, its money not back yet',
      [...asked, won, taken, paid, dispute('dp', 'chargeback', 'won', 100), out],
      'disputed closed',
    ],
    [
      'the dispute is won',
      [...asked, won, taken, paid, dispute('dp', 'chargeback', 'won', 100), out, back],
      'captured closed final',
    ],
    [
      'the dispute is lost',
      [...asked, won, taken, paid, dispute('dp', 'chargeback', 'lost', 100), out],
      'charged_back closed final',
    ],
    [
      'the dispute is lost in one step, told by nothing but its money and its end',
      [won, taken, out, dispute('dp', 'chargeback', 'lost')],
      'charged_back final',
    ],
    [
      'it was accepted',
      [won, taken, out, dispute('dp', 'chargeback', 'accepted')],
      'charged_back final',
    ],
    [
      'it was won, and lost at the next stage',
      [
        ...[won, taken, out, back, withdrawal('dp/out 2', 'succeeded', 100, { parent: 'dp' })],
        dispute('dp', 'chargeback', 'won'),
        dispute('dp', 'second_chargeback', 'lost'),
      ],
      'charged_back final',
    ],
    [
      'a part is lost',
      [
        ...[won, taken, dispute('dp', 'chargeback', 'lost', 40)],
        withdrawal('dp/out', 'succeeded', 40, { parent: 'dp' }),
      ],
      'captured final',
    ],
    [
      'the rest after a refund is lost',
      [
        ...[won, taken, refund('r', 'succeeded', 60), dispute('dp', 'chargeback', 'lost', 40)],
        withdrawal('dp/out', 'succeeded', 40, { parent: 'dp' }),
      ],
      'charged_back final',
    ],
  ])('when %s', (_when, facts, expected) => {
    expect(given(...facts)).toBe(expected);
    expect(given(...[...facts].reverse())).toBe(expected);
  });

  it('goes by the first rule that holds', () => {
    const precedence: readonly (readonly [Label, readonly Fact[]])[] = [
      ['canceled', [over]],
      ['failed', [refused]],
      ['voided', [won]],
      ['captured', [taken]],
      ['partially_refunded', [refund('r', 'succeeded', 10)]],
      ['refunded', [refund('r2', 'succeeded', 90)]],
      ['disputed', [withdrawal('dp2/out', 'succeeded', 30, { parent: 'dp2' })]],
      [
        'charged_back',
        [capture('cap2', 'succeeded', 100), out, dispute('dp', 'chargeback', 'lost')],
      ],
    ];
    const facts: Fact[] = [];
    for (const [label, more] of precedence) {
      // A refusal beside a success would contradict it, so the refused one is another try.
      facts.push(
        ...more.map((fact) => (fact === refused ? { ...refused, operation: 'aut0' } : fact)),
      );
      expect(fold(facts).label).toBe(label);
    }
    expect(LABELS.indexOf('charged_back')).toBe(0);
  });
});

describe('final', () => {
  it.each<[string, readonly Fact[]]>([
    ['something of ours is open', [won, taken, refund('ref1', 'requested', 10)]],
    [
      'something of ours is unknown',
      [won, taken, refund('ref1', 'unknown', undefined, { call: 1 })],
    ],
    [
      'something is contradicted',
      [won, taken, refund('re_1', 'refused'), refund('re_1', 'succeeded', 1)],
    ],
    ['something is left to capture', [won, part]],
    ['a message is parked', [won, taken, hold('hol1', 'requested')]],
    [
      'an unknown authorization was in the closed container',
      [...asked, authorization('aut1', 'unknown', undefined, { call: 1 }), over],
    ],
  ])('is not reached while %s', (_while, facts) => {
    expect(fold(facts).final).toBe(false);
  });

  it('does not wait for what others do', () => {
    expect(fold([won, taken, refund('re_9', 'pending', 10)]).final).toBe(true);
  });

  it('does not wait for a void of a closed attempt', () => {
    expect(given(...asked, refused, voiding('voi1', 'requested'), over)).toBe(
      'failed closed final',
    );
  });

  it('is ended by a later fact', () => {
    const facts = [...asked, refused, over, alias('pi_1', 'pay1')];
    expect(fold(facts).final).toBe(true);
    expect(fold([...facts, authorization('ch_2', 'succeeded', 100), taken]).label).toBe('captured');
  });
});

describe('a hold', () => {
  it('holds until it is canceled, in whatever order that is told', () => {
    const held = hold('hol1', 'requested');
    expect(fold([held]).held).toBe(true);
    expect(fold([held, hold('hol1', 'canceled')]).held).toBe(false);
    expect(fold([hold('hol1', 'canceled'), held]).held).toBe(false);
    expect(fold([held, hold('hol1', 'canceled'), hold('hol2', 'requested')]).held).toBe(true);
  });
});
