import { fold, type Fact } from '@paylog/payment-domain';
import { factsOf } from './answer-to-facts.js';
import type { Call, Decline, GatewayAnswer, ObservedPayment } from './port.js';
import { AUTHORIZATION, CAPTURE, PAYMENT, REFUND, SESSION, VOID } from './testing/stripe-events.js';

const at = '2026-03-01T12:00:00.000Z';
const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

const authorize: Call = {
  account: 'stripe-main',
  paymentId: PAYMENT,
  operationId: AUTHORIZATION,
  kind: 'authorization',
  call: 1,
  source: 'response',
  amount: eur(1000n),
  sessionOperationId: SESSION,
  captureOperationId: CAPTURE,
};
const { captureOperationId: _none, ...authorizeManually } = authorize;
const capture: Call = {
  ...authorizeManually,
  operationId: CAPTURE,
  kind: 'capture',
  amount: eur(300n),
};
const cancel: Call = { ...authorizeManually, operationId: VOID, kind: 'void' };
const poll = (about: Call): Call => {
  const { sessionOperationId: _session, captureOperationId: _capture, ...rest } = about;
  return { ...rest, source: 'poll', call: 9 };
};

const paid: ObservedPayment = {
  containerId: 'pi_1',
  status: 'succeeded',
  createdAt: at,
  amount: eur(1000n),
  captureMode: 'automatic',
  capturable: eur(0n),
  captured: eur(1000n),
  authorizationId: 'ch_1',
  ours: {
    paymentId: PAYMENT,
    session: SESSION,
    authorization: AUTHORIZATION,
    capture: CAPTURE,
    captures: [],
    increments: [],
  },
};
const { authorizationId: _id, ...untried } = paid;
const held: ObservedPayment = {
  ...paid,
  status: 'requires_capture',
  captureMode: 'manual',
  capturable: eur(1000n),
  captured: eur(0n),
  ours: {
    paymentId: PAYMENT,
    session: SESSION,
    authorization: AUTHORIZATION,
    captures: [],
    increments: [],
  },
};
const decline: Decline = {
  declineCode: 'insufficient_funds',
  declineClass: 'soft',
  retryable: true,
  messageKey: 'payment.declined.insufficient_funds',
  nextStep: 'retry_later',
};

const answered = (about: Call, payment: ObservedPayment): GatewayAnswer => ({
  result: 'answered',
  about,
  at,
  payment,
});

/** `kind operation outcome` or `alias → target` or `total value`, in order. */
function told(answer: GatewayAnswer): string[] {
  return factsOf(answer).map(line);
}

function line(fact: Fact): string {
  switch (fact.type) {
    case 'operation': {
      const amount = fact.amount === undefined ? '' : ` ${fact.amount.minor}`;
      return `${short(fact.operation)} ${fact.outcome}${amount}${fact.call === undefined ? '' : ` #${fact.call}`}`;
    }
    case 'alias':
      return `${fact.alias} = ${short(fact.target)}`;
    case 'total':
      return `${fact.object} total ${fact.value.minor}`;
    default:
      return fact.type;
  }
}

/** `auta…` → `aut`; gateway ids as they are. */
function short(id: string): string {
  return /^[a-z]{3}a{26}$/.test(id) ? id.slice(0, 3) : id;
}

describe('an authorization', () => {
  it('that captured at once', () => {
    expect(told(answered(authorize, paid))).toEqual([
      'pi_1 = pay',
      'ses succeeded',
      'ch_1 = aut',
      'aut succeeded 1000 #1',
      'ch_1/capture = cap',
      'cap succeeded 1000 #1',
      'ch_1 total 1000',
    ]);
  });

  it('that holds', () => {
    expect(told(answered(authorizeManually, held))).toEqual([
      'pi_1 = pay',
      'ch_1 = aut',
      'aut succeeded 1000 #1',
    ]);
  });

  it('that asks the shopper', () => {
    const asked: ObservedPayment = { ...untried, status: 'requires_action', captured: eur(0n) };
    expect(told(answered(authorize, asked))).toEqual([
      'pi_1 = pay',
      'ses pending',
      'aut pending #1',
    ]);
  });

  it('that takes days: its charge is known by then, and webhooks tell of it', () => {
    const debit: ObservedPayment = { ...paid, status: 'processing', captured: eur(0n) };
    expect(told(answered(authorize, debit))).toEqual([
      'pi_1 = pay',
      'ses pending',
      'ch_1 = aut',
      'ch_1/capture = cap',
      'aut pending #1',
    ]);
  });

  it('that was declined', () => {
    const open: ObservedPayment = {
      ...paid,
      status: 'requires_payment_method',
      captured: eur(0n),
      decline,
    };
    const answer: GatewayAnswer = {
      result: 'declined',
      about: authorize,
      at,
      decline,
      payment: open,
      authorizationId: 'ch_1',
    };
    expect(told(answer)).toEqual([
      'pi_1 = pay',
      'ch_1 = aut',
      'aut refused #1',
      'cap refused #1',
      'ses pending',
    ]);
  });

  it('that was refused as invalid leaves no container', () => {
    const answer: GatewayAnswer = {
      result: 'refused',
      about: authorize,
      at,
      reason: 'amount_too_small',
      message: 'too small',
    };
    expect(told(answer)).toEqual(['aut refused #1', 'cap refused #1', 'ses refused']);
  });

  it.each(['timeout', 'connection', 'gateway_error'] as const)(
    'that ended in %s is unknown',
    (reason) => {
      const answer: GatewayAnswer = {
        result: 'unknown',
        about: authorize,
        at,
        reason,
        message: '',
      };
      expect(told(answer)).toEqual(['aut unknown #1', 'cap unknown #1']);
    },
  );

  it.each(['rate_limited', 'in_flight', 'key_reused', 'unauthorized'] as const)(
    'that never began (%s) ends its call only',
    (reason) => {
      const answer: GatewayAnswer = { result: 'not_attempted', about: authorize, at, reason };
      expect(told(answer)).toEqual(['aut not_attempted #1', 'cap not_attempted #1']);
    },
  );
});

describe('a lookup', () => {
  it('names our authorization when the payment knows no other charge', () => {
    expect(told(answered(poll(authorize), { ...paid, onlyAuthorization: true }))).toEqual([
      'pi_1 = pay',
      'ses succeeded',
      'ch_1 = aut',
      'aut succeeded 1000',
      'ch_1/capture = cap',
      'cap succeeded 1000',
      'ch_1 total 1000',
    ]);
  });

  it('names nobody when there were other tries', () => {
    expect(told(answered(poll(authorize), { ...paid, onlyAuthorization: false }))).toEqual([
      'pi_1 = pay',
      'ses succeeded',
      'ch_1 succeeded 1000',
      'ch_1/capture succeeded 1000',
      'ch_1 total 1000',
    ]);
  });

  it('tells a 3DS that the shopper failed', () => {
    const failed: ObservedPayment = {
      ...untried,
      status: 'requires_payment_method',
      captured: eur(0n),
      decline: { ...decline, declineCode: 'payment_intent_authentication_failure' },
    };
    expect(told(answered(poll(authorize), failed))).toEqual([
      'pi_1 = pay',
      'ses pending',
      'aut refused',
      'cap refused',
    ]);
  });

  it('says nothing when it found nothing or was not answered', () => {
    const about = poll(authorize);
    const answers: GatewayAnswer[] = [
      { result: 'not_found', about, at, by: 'search' },
      { result: 'unknown', about, at, reason: 'timeout', message: '' },
      { result: 'not_attempted', about, at, reason: 'rate_limited' },
      { result: 'refused', about, at, reason: 'invalid_request', message: '' },
    ];
    expect(answers.flatMap(told)).toEqual([]);
  });

  const captured = (
    minor: bigint,
    ours: readonly [string, bigint][],
    over = {},
  ): ObservedPayment => ({
    ...held,
    status: 'succeeded',
    captured: eur(minor),
    capturable: eur(0n),
    onlyAuthorization: true,
    ours: {
      ...held.ours,
      captures: ours.map(([operationId, each]) => ({ operationId, minor: each })),
    },
    ...over,
  });

  it('finds a capture of ours that the gateway wrote down', () => {
    expect(told(answered(poll(capture), captured(300n, [[CAPTURE, 300n]])))).toEqual([
      'pi_1 = pay',
      'ses succeeded',
      'ch_1 = aut',
      'aut succeeded 1000',
      'ch_1 total 300',
      'ch_1/capture = cap',
      'cap succeeded 300',
    ]);
  });

  it('refuses a capture only when others explain every cent', () => {
    const other = `cap${'b'.repeat(26)}`;
    const explained = told(answered(poll(capture), captured(700n, [[other, 700n]])));
    expect(explained).toContain('cap refused');
    const unexplained = told(answered(poll(capture), captured(1000n, [[other, 700n]])));
    expect(unexplained).not.toContain('cap refused');
    const open = captured(0n, [], { status: 'requires_capture', capturable: eur(1000n) });
    expect(told(answered(poll(capture), open))).not.toContain('cap refused');
  });

  it('trusts no capture when they say more than was taken', () => {
    const facts = told(answered(poll(capture), captured(200n, [[CAPTURE, 300n]])));
    expect(facts).not.toContain('cap succeeded 300');
  });
});

describe('a capture', () => {
  it('takes what it asked for, whatever the total', () => {
    const payment = { ...held, captured: eur(500n), capturable: eur(500n) };
    expect(told(answered(capture, payment))).toEqual([
      'pi_1 = pay',
      'cap succeeded 300 #1',
      'ch_1 total 500',
    ]);
  });

  it('that is the only and last one is what reports call by the charge', () => {
    const payment: ObservedPayment = {
      ...held,
      status: 'succeeded',
      captured: eur(300n),
      capturable: eur(0n),
    };
    expect(told(answered(capture, payment))).toEqual([
      'pi_1 = pay',
      'ch_1/capture = cap',
      'cap succeeded 300 #1',
      'ch_1 total 300',
      'ses succeeded',
    ]);
  });

  it('refused because the payment is canceled tells that too', () => {
    const payment: ObservedPayment = { ...held, status: 'canceled', capturable: eur(0n) };
    const answer: GatewayAnswer = {
      result: 'refused',
      about: capture,
      at,
      reason: 'payment_intent_unexpected_state',
      message: '',
      payment,
    };
    expect(told(answer)).toEqual([
      'cap refused #1',
      'pi_1 = pay',
      'ses canceled',
      'ch_1 succeeded 1000',
      'ch_1/void succeeded 1000',
    ]);
  });
});

describe('an increment', () => {
  const MORE = `aut${'b'.repeat(26)}`;
  const increment: Call = {
    ...authorizeManually,
    operationId: MORE,
    kind: 'increment',
    amount: eur(500n),
  };
  const raised = (increments: ObservedPayment['ours']['increments']): ObservedPayment => ({
    ...held,
    amount: eur(1500n),
    capturable: eur(1500n),
    onlyAuthorization: true,
    ours: { ...held.ours, increments },
  });
  const written = raised([{ operationId: MORE, minor: 500n }]);

  it('is an authorization of its own: what it adds, beside what was there', () => {
    const facts = told(answered(increment, written));
    expect(facts).toEqual([
      'pi_1 = pay',
      'ch_1 = aut',
      'aut succeeded 1000',
      `${MORE} succeeded 500 #1`,
    ]);
    expect(told(answered(increment, raised([])))).toEqual(facts);
  });

  it('counts once, whoever tells of the payment, and folds to what is held', () => {
    const facts = [
      ...factsOf(answered(increment, written)),
      ...factsOf(answered(poll(increment), written)),
      ...factsOf(answered(poll({ ...authorizeManually, operationId: AUTHORIZATION }), written)),
    ];
    expect(fold(facts)).toMatchObject({ amounts: { authorized: 1500n }, anomalies: [] });
  });

  it('that is declined changes nothing else', () => {
    const answer: GatewayAnswer = { result: 'declined', about: increment, at, decline };
    expect(told(answer)).toEqual([`${MORE} refused #1`]);
  });

  it('never happened when the payment is over without it, and is believed of no nonsense', () => {
    const over: ObservedPayment = { ...held, status: 'canceled', capturable: eur(0n) };
    expect(told(answered(poll(increment), over))).toContain(`${MORE} refused`);
    expect(told(answered(poll(increment), held))).not.toContain(`${MORE} refused`);
    const nonsense = raised([{ operationId: MORE, minor: 1500n }]);
    expect(told(answered(poll(increment), nonsense))).not.toContain(`${MORE} succeeded 1500`);
  });
});

describe('a cancelation', () => {
  it('of what was held is a void', () => {
    const payment: ObservedPayment = { ...held, status: 'canceled', capturable: eur(0n) };
    expect(told(answered(cancel, payment))).toEqual([
      'pi_1 = pay',
      'ses canceled',
      'ch_1 succeeded 1000',
      'ch_1/void = voi',
      'voi succeeded 1000 #1',
    ]);
  });

  it('of what nothing came of ends what we had asked for', () => {
    const payment: ObservedPayment = { ...untried, status: 'canceled', captured: eur(0n) };
    expect(told(answered(cancel, payment))).toEqual([
      'pi_1 = pay',
      'ses canceled',
      'aut canceled',
      'cap canceled',
      'voi canceled #1',
    ]);
  });

  it('of what is left after a capture lets go of that, whichever way the gateway ends the payment', () => {
    const canceled: ObservedPayment = {
      ...held,
      status: 'canceled',
      captured: eur(300n),
      capturable: eur(0n),
    };
    expect(told(answered(cancel, canceled))).toContain('voi succeeded 700 #1');
    const ended: ObservedPayment = { ...canceled, status: 'succeeded' };
    expect(told(answered(cancel, ended))).toContain('voi succeeded 700 #1');
    expect(told(answered(poll(cancel), ended))).toContain('voi canceled');
  });

  it('that comes too late is refused by a lookup', () => {
    expect(told(answered(poll(cancel), { ...paid, onlyAuthorization: true }))).toContain(
      'voi refused',
    );
  });
});

describe('a refund', () => {
  const about: Call = {
    ...authorizeManually,
    operationId: REFUND,
    kind: 'refund',
    amount: eur(400n),
  };

  it.each([
    ['pending', 'pending'],
    ['requires_action', 'pending'],
    ['succeeded', 'succeeded'],
    ['failed', 'reversed'],
    ['canceled', 'canceled'],
  ] as const)('%s is %s', (status, outcome) => {
    const answer: GatewayAnswer = {
      result: 'answered',
      about,
      at,
      refund: {
        refundId: 're_1',
        status,
        createdAt: at,
        amount: eur(400n),
        containerId: 'pi_1',
        authorizationId: 'ch_1',
        ours: { paymentId: PAYMENT, operation: REFUND },
      },
    };
    expect(told(answer)).toEqual(['re_1 = ref', `ref ${outcome} 400 #1`]);
  });
});

it('gives every call facts of its own, and the same answer the same facts', () => {
  const first = factsOf(answered(authorize, paid));
  expect(factsOf(answered(authorize, paid))).toEqual(first);
  const second = factsOf(answered({ ...authorize, call: 2 }, paid));
  const ids = [...first, ...second].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('a lookup of what several people tried to pay', () => {
  const again: ObservedPayment = {
    ...paid,
    authorizationId: 'ch_2',
    onlyAuthorization: false,
    firstTry: { authorizationId: 'ch_1', cameBack: true },
  };

  it('takes the first try for ours, which is over, and the last for somebody else’s', () => {
    expect(told(answered(poll(authorize), again))).toEqual([
      'pi_1 = pay',
      'ses succeeded',
      'ch_2 succeeded 1000',
      'ch_2/capture succeeded 1000',
      'ch_2 total 1000',
      'ch_1 = aut',
      'aut reversed 1000',
      'ch_1/capture = cap',
      'cap reversed 1000',
    ]);
    const refused = { ...again, firstTry: { authorizationId: 'ch_1', cameBack: false } };
    expect(told(answered(poll(authorize), refused))).toContain('aut refused');
  });

  it('tells a debit that came back from one that was refused', () => {
    const failed: ObservedPayment = {
      ...paid,
      status: 'requires_payment_method',
      captured: eur(0n),
      onlyAuthorization: true,
      decline,
    };
    expect(told(answered(poll(authorize), failed))).toContain('aut refused');
    const back = told(answered(poll(authorize), { ...failed, cameBack: true }));
    expect(back).toContain('aut reversed 1000');
    expect(back).toContain('cap reversed 1000');
  });
});
