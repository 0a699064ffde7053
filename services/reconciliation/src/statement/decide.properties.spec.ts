import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import type { Fact } from '@paylog/payment-domain';
import { signedMinor } from '../ledger/expectations.js';
import { MemoryLedger, sumsOf, unbalanced } from '../testing/memory-ledger.js';
import {
  chargeOf,
  lastChangeOf,
  money,
  refunded,
  refundObjectOf,
  sold,
} from '../testing/payments.js';
import {
  captureLine,
  feeOn,
  numbered,
  refundLine,
  statementOf,
  TERMS,
} from '../testing/reports.js';
import { decide } from './decide.js';
import { type Candidate, match } from './match.js';
import { createSigner } from './signature.js';

const { privateKey } = generateKeyPairSync('ed25519');
const sign = createSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());

const PLANTS = [
  'none',
  'amount',
  'fee',
  'left_out',
  'twice',
  'refund_amount',
  'refund_left_out',
] as const;
type Plant = (typeof PLANTS)[number];

interface Order {
  readonly minor: number;
  readonly refund?: {
    readonly minor: number;
    readonly state: 'pending' | 'succeeded' | 'reversed';
  };
  readonly plant: Plant;
  readonly place: number;
}

const order: fc.Arbitrary<Order> = fc.record(
  {
    minor: fc.integer({ min: 500, max: 50_000 }),
    refund: fc.record({
      minor: fc.integer({ min: 1, max: 400 }),
      state: fc.constantFrom('pending', 'succeeded', 'reversed'),
    }),
    plant: fc.oneof(
      { weight: 3, arbitrary: fc.constant('none' as const) },
      fc.constantFrom(...PLANTS),
    ),
    place: fc.nat(),
  },
  { requiredKeys: ['minor', 'plant', 'place'] },
);

type Line = ReturnType<typeof captureLine>;
/** Class and object of the exception. */
type Planted = string;

/** The true report of some orders, spoiled as they say, and a list of what was spoiled. */
function reportOf(orders: readonly Order[], strangers: number) {
  const lines: { line: Line; place: number }[] = [];
  const planted: Planted[] = [];
  const facts = new Map<string, Fact[]>();
  orders.forEach(({ minor, refund, plant, place }, i) => {
    const name = `o${i}`;
    const add = (line: Line, at = place) => lines.push({ line, place: at });
    facts.set(name, [
      ...sold({ order: name, minor }),
      ...(refund ? refunded({ order: name }, 1, refund.minor, ...outcomesOf(refund.state)) : []),
    ]);
    if (plant === 'left_out') planted.push(`missing_at_psp ${chargeOf(name)}`);
    else add(spoiled(name, minor, plant, planted));
    if (plant === 'twice') {
      add(captureLine(name, minor), place + 3);
      planted.push(`duplicate_external ${chargeOf(name)}`);
    }
    if (refund) refundLines(name, refund, plant, planted).forEach((line) => add(line));
  });
  for (let i = 0; i < strangers; i++) {
    const { paymentId: _p, ...line } = captureLine(`stranger${i}`, 4_242);
    lines.push({ line, place: i * 7 });
    planted.push(`missing_internal ${chargeOf(`stranger${i}`)}`);
  }
  const sorted = [...lines].sort((a, b) => a.place - b.place).map(({ line }) => line);
  return { lines: sorted, planted, facts };
}

function outcomesOf(state: 'pending' | 'succeeded' | 'reversed') {
  return state === 'reversed' ? (['succeeded', 'reversed'] as const) : ([state] as const);
}

function spoiled(name: string, minor: number, plant: Plant, planted: Planted[]): Line {
  if (plant === 'amount') {
    planted.push(`amount_mismatch ${chargeOf(name)}`);
    const gross = money(minor + 100);
    const net = money(minor + 100 - feeOn(minor));
    return captureLine(name, minor, { gross, customerFacing: gross, net });
  }
  if (plant === 'fee') {
    planted.push(`fee_variance ${chargeOf(name)}`);
    const fee = feeOn(minor) + 17;
    return captureLine(name, minor, { fee: money(fee), net: money(minor - fee) });
  }
  return captureLine(name, minor);
}

function refundLines(
  name: string,
  { minor, state }: NonNullable<Order['refund']>,
  plant: Plant,
  planted: Planted[],
): Line[] {
  const object = refundObjectOf(name, 1);
  if (plant === 'refund_left_out' && state === 'succeeded') {
    planted.push(`missing_at_psp ${object}`);
    return [];
  }
  const wrong = plant === 'refund_amount' ? 1 : 0;
  if (wrong) planted.push(`amount_mismatch ${object}`);
  const line = refundLine(name, 1, minor + wrong);
  if (state !== 'reversed') return [line];
  return [line, refundLine(name, 1, -minor, { kind: 'refund_reversal' })];
}

function closeOf({ lines, facts }: ReturnType<typeof reportOf>) {
  const ledger = new MemoryLedger();
  for (const [name, all] of facts) ledger.post([lastChangeOf(name, all)]);
  const candidates = ledger.candidates();
  const due = candidates.filter(({ standing }) => standing === 'due');
  const decision = decide(
    {
      statement: statementOf(lines),
      fileSha256: 'ab'.repeat(32),
      lines: numbered(lines),
      problems: [],
      candidates,
      due,
      terms: TERMS,
      at: '2026-03-03T00:00:00.000Z',
    },
    sign,
  );
  if (decision.outcome !== 'closed') throw new Error('the control totals hold');
  return { decision, ledger };
}

const worlds = fc.tuple(fc.array(order, { maxLength: 12 }), fc.integer({ min: 0, max: 2 }));

describe('statements with planted discrepancies', () => {
  it('finds every one, and invents none', () => {
    fc.assert(
      fc.property(worlds, ([orders, strangers]) => {
        const report = reportOf(orders, strangers);
        const { decision } = closeOf(report);
        const found = decision.exceptions.map(({ data }) => `${data.class} ${data.gatewayObject}`);
        expect(found.sort()).toEqual(report.planted.sort());
        const disagreeing = decision.exceptions.filter(({ data }) => data.lineNumber).length;
        expect(decision.summary.matched).toBe(decision.summary.lines - disagreeing);
      }),
      { numRuns: 150 },
    );
  });

  it('accounts for every cent: what the gateway still owes is what is missing or still pending', () => {
    fc.assert(
      fc.property(worlds, ([orders, strangers]) => {
        const { decision, ledger } = closeOf(reportOf(orders, strangers));
        const entries = decision.entries.flatMap((keyed) => keyed.entries);
        expect(unbalanced(entries)).toEqual([]);
        const claims = new Set(decision.judged.map(({ claim }) => claim));
        const open = ledger
          .candidates()
          .filter(({ kind, standing }) => kind !== 'refund_reversal' && standing === 'due')
          .filter((ours) => ![...claims].some((claim) => claim?.operation === ours.operation))
          .reduce((sum, ours) => sum + signedMinor(ours), 0n);
        const pending = decision.judged
          .filter(({ claim }) => claim?.kind === 'refund' && claim.standing === 'possible')
          .filter(({ claim }) => !hasReversal(decision.judged, claim!))
          .reduce((sum, { claim }) => sum + signedMinor(claim!), 0n);
        const sums = sumsOf([...ledger.entries, ...entries]);
        expect(sums['EUR receivable:stripe-main'] ?? 0n).toBe(open - pending);
      }),
      { numRuns: 150 },
    );
  });
});

function hasReversal(
  judged: readonly { readonly claim?: Candidate }[],
  { operation }: Candidate,
): boolean {
  return judged.some(
    ({ claim }) => claim?.operation === operation && claim.kind === 'refund_reversal',
  );
}

describe('leg A over names that overlap as they please', () => {
  const name = fc.constantFrom('ch_1', 'ch_2', 'ch_3', 'pi_1', 'pi_2', 'pay1', 'pay2');
  const candidates = fc.array(
    fc.record({ names: fc.uniqueArray(name, { maxLength: 4 }), minor: fc.constantFrom(1, 2) }),
    { maxLength: 6 },
  );
  const lines = fc.array(
    fc.record({ charge: name, container: name, payment: name, minor: fc.constantFrom(1, 2) }),
    { maxLength: 6 },
  );

  it('claims each side once, only what shares a name, whatever order our side comes in', () => {
    fc.assert(
      fc.property(candidates, lines, (ours, theirs) => {
        const sides = ours.map(({ names, minor }, i) => toCandidate(`cap${i}`, names, minor));
        const report = numbered(
          theirs.map(({ charge, container, payment, minor }) =>
            captureLine('o', minor, {
              gatewayObject: charge,
              authorizationId: charge,
              containerId: container,
              paymentId: payment,
            }),
          ),
        );
        const { claims, repeated } = match(report, sides);
        const claimed = [...claims.values()];
        expect(new Set(claimed).size).toBe(claimed.length);
        for (const line of report) {
          const claim = claims.get(line.number);
          expect(claim !== undefined && repeated.has(line.number)).toBe(false);
          const theirNames = [line.gatewayObject, line.containerId, line.paymentId];
          if (claim) expect(claim.names.some((each) => theirNames.includes(each))).toBe(true);
        }
        expect(match(report, [...sides].reverse())).toEqual({ claims, repeated });
      }),
      { numRuns: 500 },
    );
  });

  function toCandidate(operation: string, names: readonly string[], minor: number): Candidate {
    return {
      paymentId: 'pay',
      operation,
      kind: 'capture',
      standing: 'due',
      amount: money(minor),
      gatewayObject: 'ch_1',
      ids: names,
      names,
      occurredAt: '2026-03-01T00:00:00.000Z',
      claimed: false,
    };
  }
});
