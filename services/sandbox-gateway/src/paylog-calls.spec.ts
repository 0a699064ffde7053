import { operationId } from '@paylog/contracts';
import {
  createStripeClient,
  factsOf,
  type GatewayAnswer,
  type GatewayClient,
} from '@paylog/gateways';
import { fold, type Fact, type OperationFact } from '@paylog/payment-domain';
import fc from 'fast-check';
import type { TrueIntent } from './admin/truth.js';
import {
  ASKED_AT,
  authorization,
  eur,
  foldedInOtherOrders,
  paymentOfOrder,
  runPaylog,
  terms,
  type Paylog,
} from './testing/paylog.js';
import { ACCOUNT, type RunningSandbox } from './testing/running-sandbox.js';

/**
 * Random calls of our own client, whose answers get lost, come as 500 before or after the money moved, or as 429: asked
 * again with the same key, and looked up where that does not help, nothing stays in doubt, nothing is done twice, and
 * answers and webhooks together say what the gateway did.
 */
let paylog: Paylog;
let running: RunningSandbox;
let client: GatewayClient;
/** For calls whose answer is lost: there are many, so this one gives up sooner than others. */
let unheard: GatewayClient;

beforeAll(async () => {
  paylog = await runPaylog();
  ({ running, client } = paylog);
  unheard = createStripeClient(paylog.account, { timeoutMs: 150 });
});
afterAll(() => running.close());

const faults = fc.constantFrom(
  'none',
  'lost',
  'error_after',
  'error_after',
  'error_before',
  'limited',
);
const part = fc.integer({ min: 1, max: 60 });
const calls = fc.oneof(
  fc.record({
    kind: fc.constant('capture' as const),
    part,
    final: fc.constant(false),
    fault: faults,
  }),
  fc.record({ kind: fc.constant('capture' as const), part, final: fc.boolean(), fault: faults }),
  fc.record({ kind: fc.constant('refund' as const), part, fault: faults }),
  fc.record({ kind: fc.constant('increment' as const), part, fault: faults }),
  fc.record({ kind: fc.constant('void' as const), fault: faults }),
);
type Planned = typeof calls extends fc.Arbitrary<infer T> ? T : never;

const CALL_OF = { capture: 'capture', refund: 'refund', increment: 'increment', void: 'cancel' };
const AMOUNT = 1000n;

/** One payment, and everything that was told about it. */
class Life {
  readonly facts: Fact[] = [];
  containerId: string | undefined;
  /**
   * Operations that were not done and whose key is frozen with a 500: only time tells, when the gateway has forgotten the
   * key and the call can be made again.
   */
  readonly doubtful: string[] = [];
  #operations = 0;
  #authorized = AMOUNT;

  constructor(
    readonly id: string,
    readonly manual: boolean,
  ) {
    const agreed = { amount: eur(AMOUNT), captureMode: manual ? 'manual' : 'automatic' } as const;
    this.facts.push(terms(id, agreed, id));
  }

  async authorize(fault: string): Promise<void> {
    await script('create', fault);
    if (fault === 'error_before') {
      this.doubtful.push(operationId(this.id, 'authorization', '1'));
      this.doubtful.push(operationId(this.id, 'capture', 'automatic'));
    }
    const firstCalledAt = new Date(Date.now() - 5000).toISOString();
    const request = authorization(this.id, {
      amount: eur(AMOUNT),
      captureMode: this.manual ? 'manual' : 'automatic',
    });
    const { captureOperationId: capture } = request;
    if (capture !== undefined) this.#requested(capture, 'capture', AMOUNT);
    await this.#insist(
      request.operationId,
      'authorization',
      AMOUNT,
      (call) => caller(fault, call).authorize({ ...request, call }),
      (call) =>
        client.lookupPayment({
          paymentId: this.id,
          operationId: request.operationId,
          kind: 'authorization',
          call,
          firstCalledAt,
        }),
    );
  }

  async do(planned: Planned): Promise<void> {
    const { containerId } = this;
    // What is captured by itself has nothing else to ask for than a refund; intent would refuse it.
    if (containerId === undefined || (!this.manual && planned.kind !== 'refund')) return;
    // Nor would it go on while it doesn't know how the last one ended.
    if (this.doubtful.length > 0) return;
    this.#operations += 1;
    await script(CALL_OF[planned.kind], planned.fault);
    const { kind } = planned;
    const minor = kind === 'void' ? 0n : (AMOUNT * BigInt(planned.part)) / 100n;
    const reference = kind === 'void' ? 'all' : String(this.#operations);
    const own = {
      paymentId: this.id,
      operationId: operationId(
        this.id,
        kind === 'increment' ? 'authorization' : kind,
        kind === 'increment' ? `more ${reference}` : reference,
      ),
      containerId,
    };
    // The void of a payment is one operation, however often it is asked for.
    if (this.facts.some((fact) => fact.type === 'operation' && fact.operation === own.operationId))
      return;
    if (planned.fault === 'error_before') this.doubtful.push(own.operationId);
    const amount = eur(minor);
    const total = eur(this.#authorized + minor);
    const ended = await this.#insist(
      own.operationId,
      kind === 'increment' ? 'authorization' : kind,
      minor,
      (call) => {
        const by = caller(planned.fault, call);
        switch (kind) {
          case 'capture':
            return by.capture({ ...own, call, amount, final: planned.final });
          case 'refund':
            return by.refund({ ...own, call, amount });
          case 'increment':
            return by.increment({ ...own, call, amount, total });
          case 'void':
            return by.cancel({
              ...own,
              call,
              sessionOperationId: operationId(this.id, 'session', '1'),
              reason: 'requested_by_customer',
            });
        }
      },
      (call) =>
        kind === 'refund'
          ? client.lookupRefund({ ...own, call })
          : client.lookupPayment({ ...own, kind, amount, call }),
    );
    if (kind === 'increment' && ended === 'answered') this.#authorized += minor;
  }

  /** Calls with the same key until there is an answer; a frozen 500 is looked up. */
  async #insist(
    operation: string,
    kind: OperationFact['kind'],
    minor: bigint,
    call: (number: number) => Promise<GatewayAnswer>,
    lookup: (number: number) => Promise<GatewayAnswer>,
  ): Promise<GatewayAnswer['result']> {
    for (let number = 1; number <= 3; number += 1) {
      this.#requested(operation, kind, minor, number);
      const answer = this.#told(await call(number));
      if (answer.result !== 'unknown' && answer.result !== 'not_attempted') return answer.result;
    }
    return this.#told(await lookup(1)).result;
  }

  #requested(operation: string, kind: OperationFact['kind'], minor: bigint, call = 1): void {
    this.facts.push({
      id: `${operation} requested ${call}`,
      type: 'operation',
      source: 'request',
      at: ASKED_AT,
      call,
      operation,
      kind,
      outcome: 'requested',
      ...(minor === 0n ? {} : { asked: eur(minor) }),
    });
  }

  #told(answer: GatewayAnswer): GatewayAnswer {
    this.facts.push(...factsOf(answer));
    if ('payment' in answer && answer.payment !== undefined) {
      this.containerId = answer.payment.containerId;
    }
    return answer;
  }
}

/** The first answer is lost, the next ones are not. */
const caller = (fault: string, call: number) => (fault === 'lost' && call === 1 ? unheard : client);

const script = (call: string, fault: string) =>
  running.ask('PUT', `/sandbox/script/${ACCOUNT}`, {
    steps: fault === 'none' ? [] : [{ call, fault }],
  });

async function truthOf(payment: string): Promise<TrueIntent | undefined> {
  const { paymentIntents } = await running.truth();
  const found = paymentIntents.filter(({ metadata }) => metadata['paylog_payment'] === payment);
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0];
}

it('calls that go wrong leave nothing in doubt, and nothing done twice', async () => {
  let lives = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(true, true, false),
      fc.oneof({ weight: 2, arbitrary: fc.constant('none') }, faults),
      fc.array(calls, { minLength: 1, maxLength: 5, size: 'max' }),
      fc.integer(),
      async (manual, fault, story, order) => {
        lives += 1;
        running.receiver.received.length = 0;
        const life = new Life(paymentOfOrder(`call-${lives}`), manual);
        await life.authorize(fault);
        for (const planned of story) await life.do(planned);
        const intent = await truthOf(life.id);
        const facts = [...life.facts, ...(await paylog.heardOf(life.id)).facts];
        const state = fold(facts);
        const { captured, refunded, voided } = state.amounts;
        expect({ captured, refunded, voided }).toEqual({
          captured: BigInt(intent?.amountReceived ?? 0),
          refunded: BigInt(intent?.amountRefunded ?? 0),
          voided: BigInt(intent?.amountReleased ?? 0),
        });
        expect(state.anomalies).toEqual([]);
        expect(state.unresolved.filter((each) => !life.doubtful.includes(each))).toEqual([]);
        for (const other of foldedInOtherOrders(facts, 3, order)) expect(other).toEqual(state);
      },
    ),
    { numRuns: 60 },
  );
  expect((await running.truth()).capturedTwice).toBe(0);
}, 300_000);
