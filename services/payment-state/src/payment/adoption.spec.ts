import { type EventLog, memoryLog } from '@paylog/event-sourcing';
import { type Fact, fold, isUnclaimed, type Payment } from '@paylog/payment-domain';
import fc from 'fast-check';
import { captured, paymentOfOrder, terms } from '../testing/facts.js';
import { foundAt, foundFacts, origin } from '../testing/found.js';
import { adopt, type Adopting } from './adoption.js';
import { loadStreams, record } from './payment-book.js';
import { NEW_STREAM } from './payment-stream.js';

const PI = 'pi_found';
const FOUND = foundAt(PI);
const OWN = paymentOfOrder('order-1');

const adopting = (more: Partial<Adopting> = {}): Adopting => ({
  payment: FOUND,
  into: OWN,
  storefront: 'shop',
  orderId: 'order-1',
  operator: 'ines',
  reason: 'paid by a link that support had sent',
  at: '2026-03-05T08:00:00.000Z',
  ...more,
});

const told = (paymentId: string, facts: readonly Fact[]) =>
  facts.map((fact) => ({ paymentId, fact }));

async function streamsIn(log: EventLog) {
  const streams = await loadStreams(log, [FOUND, OWN]);
  return { found: streams.get(FOUND) ?? NEW_STREAM, own: streams.get(OWN) ?? NEW_STREAM };
}

async function adoptIn(log: EventLog, what = adopting()): Promise<void> {
  for (;;) {
    const { found, own } = await streamsIn(log);
    const adopted = adopt(what, found, own);
    if (adopted.outcome === 'refused') throw new Error(adopted.reason);
    if (adopted.facts.length === 0) return;
    await record(log, adopted.facts, {});
  }
}

async function statesIn(log: EventLog): Promise<{ found: Payment; own: Payment }> {
  const { found, own } = await streamsIn(log);
  return { found: fold(found.facts.byId.values()), own: fold(own.facts.byId.values()) };
}

const newLog = () => memoryLog({ schema: 'payments', lanes: 8 });
const MONEY = { captured: 1_000n, refunded: 400n };

describe('a found payment that is adopted', () => {
  it('counts in the order’s own payment from then on, and no longer by itself', async () => {
    const log = newLog();
    await record(log, [...told(OWN, [terms('order-1')]), ...told(FOUND, foundFacts(PI))], {});
    await adoptIn(log);
    const { found, own } = await statesIn(log);
    expect(own).toMatchObject({ amounts: MONEY, label: 'partially_refunded', anomalies: [] });
    expect(found).toMatchObject({ amounts: { captured: 0n, refunded: 0n }, operations: [] });
    expect(isUnclaimed(found)).toBe(false);
    for (const { adoptions } of [found, own]) {
      expect(adoptions).toMatchObject([
        { payment: FOUND, into: OWN, operator: 'ines', reason: adopting().reason },
      ]);
    }
  });

  it('is the order’s itself where the order has no payment', async () => {
    const log = newLog();
    await record(log, told(FOUND, foundFacts(PI)), {});
    await adoptIn(log, adopting({ into: FOUND }));
    const { found } = await statesIn(log);
    expect(found).toMatchObject({ amounts: MONEY });
    expect(found.adoptions).toMatchObject([{ orderId: 'order-1', storefront: 'shop' }]);
    expect((await streamsIn(log)).own.version).toBe(0);
  });

  it('takes along what is told later, in any order and however often, whenever it was adopted', async () => {
    const facts = foundFacts(PI);
    const own = captured('order-1').slice(0, 1);
    const expected = fold([...own, ...facts.filter(({ type }) => type !== 'origin')]);
    const deliveries = fc.tuple(
      fc.shuffledSubarray(facts.slice(1), { minLength: facts.length - 1 }),
      fc.array(fc.constantFrom(...facts), { maxLength: 6 }),
      fc.nat({ max: facts.length + 5 }),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ([all, again, at]) => {
        const log = newLog();
        await record(log, told(OWN, own), {});
        await record(log, told(FOUND, facts.slice(0, 1)), {});
        const order = [...all, ...again];
        const cut = Math.min(at, order.length);
        for (const fact of order.slice(0, cut)) await record(log, told(FOUND, [fact]), {});
        await adoptIn(log);
        for (const fact of order.slice(cut)) {
          const recorded = await record(log, told(FOUND, [fact]), {});
          expect(recorded).toMatchObject({ outcome: 'committed', unstorable: [] });
        }
        const { found, own: after } = await statesIn(log);
        expect(after.amounts).toEqual(expected.amounts);
        expect(after.label).toBe(expected.label);
        expect(found.operations).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('takes back what a later correction takes back, before and after it moved', async () => {
    const log = newLog();
    const facts = foundFacts(PI);
    await record(log, [...told(OWN, [terms('order-1')]), ...told(FOUND, facts)], {});
    await adoptIn(log);
    const refund = facts.at(-1) as Fact;
    const retraction: Fact = {
      type: 'retraction',
      id: 'corrected',
      at: '2026-03-06T08:00:00.000Z',
      source: 'webhook',
      retracts: refund.id,
      reason: 'mapping_corrected',
    };
    await record(log, told(FOUND, [retraction]), {});
    expect((await statesIn(log)).own).toMatchObject({
      amounts: { captured: 1_000n, refunded: 0n },
    });
  });

  it('is adopted once, however often it is asked', async () => {
    const log = newLog();
    await record(log, [...told(OWN, [terms('order-1')]), ...told(FOUND, foundFacts(PI))], {});
    await adoptIn(log);
    const before = await streamsIn(log);
    await adoptIn(log, adopting({ operator: 'somebody else', at: '2026-03-09T08:00:00.000Z' }));
    expect(await streamsIn(log)).toEqual(before);
  });
});

describe('an adoption is refused', () => {
  const own = { version: 1, facts: factsOf([terms('order-1')]) };
  it.each([
    ['of a payment of ours', factsOf([terms('order-2')]), 'not_found_at_a_gateway'],
    ['of one nobody told of', factsOf([]), 'not_found_at_a_gateway'],
    ['from another account', factsOf([origin(PI, { account: 'stripe-eu' })]), 'other_account'],
    ['from live into test', factsOf([origin(PI, { mode: 'live' })]), 'other_mode'],
  ])('%s', (_, facts, reason) => {
    expect(adopt(adopting(), { version: 1, facts }, own)).toEqual({ outcome: 'refused', reason });
  });

  it('in another currency', () => {
    const facts = foundFacts(PI).map((fact) =>
      fact.type === 'operation' && fact.amount
        ? { ...fact, amount: { ...fact.amount, currency: 'USD' } }
        : fact,
    );
    const found = { version: 7, facts: factsOf(facts.filter(({ type }) => type !== 'total')) };
    expect(adopt(adopting(), found, own)).toMatchObject({ reason: 'other_currency' });
  });

  it('when another order has it already', async () => {
    const log = newLog();
    await record(log, [...told(OWN, [terms('order-1')]), ...told(FOUND, foundFacts(PI))], {});
    await adoptIn(log);
    const { found } = await streamsIn(log);
    const other = { version: 1, facts: factsOf([terms('order-2')]) };
    expect(adopt(adopting({ into: paymentOfOrder('order-2') }), found, other)).toEqual({
      outcome: 'refused',
      reason: 'adopted_elsewhere',
    });
  });
});

function factsOf(facts: readonly Fact[]) {
  return { byId: new Map(facts.map((fact) => [fact.id, fact])) };
}
