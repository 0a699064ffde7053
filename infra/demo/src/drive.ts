import { fromWirePayment, type PaymentState } from '@paylog/contracts';
import { owedTo, sharesOf } from '@paylog/payment-domain';
import type { Order } from './orders.js';
import type { End, Seen, SeenAttempt, Step } from './scenario.js';
import { paymentOf, type Shop } from './shop.js';
import type { Watch } from './watch.js';

/** An order that came to its end, or what kept it. */
export interface Driven {
  readonly order: Order;
  readonly attempts: number;
  readonly problem?: string;
}

/** From one observed change to the next. Long enough for a slow machine; an abandoned payment waits for its clock. */
const STEP_MS = 120_000;
/** Orders on their way at a time; those that wait for a clock come on top. */
const AT_ONCE = 24;

/** Plays all orders; tells of each when it has come to its end. */
export async function driveAll(
  orders: readonly Order[],
  shop: Pick<Shop, 'perform'>,
  watch: Watch,
  onEnd: (driven: Driven) => void,
): Promise<Driven[]> {
  const result: Driven[] = [];
  const play = async (order: Order) => {
    const driven = await drive(order, shop, watch);
    result.push(driven);
    onEnd(driven);
  };
  const slow = orders.filter(({ scenario }) => scenario.slow).map(play);
  const queue = orders.filter(({ scenario }) => !scenario.slow);
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await play(next);
  };
  await Promise.all([...slow, ...Array.from({ length: AT_ONCE }, worker)]);
  return result;
}

async function drive(order: Order, shop: Pick<Shop, 'perform'>, watch: Watch): Promise<Driven> {
  const { scenario, orderId } = order;
  const performed: Step[] = [];
  let attempts = 1;
  let waitingFor = 'its first step';
  const view = (): Seen => {
    const seen = Array.from({ length: attempts }, (_, index) =>
      watch.payment(paymentOf(orderId, index + 1)),
    );
    const last = seen.at(-1) as SeenAttempt;
    return { attempts: seen, last, did: (step) => performed.includes(step) };
  };
  try {
    await shop.perform(order, { do: 'place', attempt: 1 }, 1);
    for (;;) {
      const ids = Array.from({ length: attempts }, (_, index) => paymentOf(orderId, index + 1));
      const step = await watch.until(
        () => `${orderId} (${scenario.name}): ${waitingFor}`,
        ids,
        () => {
          const seen = view();
          const next = scenario.next(seen);
          const open = next === 'over' ? whatIsMissing(scenario.end, seen) : undefined;
          waitingFor = open ?? `a next step; ${describe(seen.last)}`;
          if (next === 'wait' || open !== undefined) return undefined;
          return next;
        },
        STEP_MS,
      );
      if (step === 'over') return { order, attempts };
      performed.push(step);
      if (step.do === 'place') attempts = Math.max(attempts, step.attempt);
      await shop.perform(order, step, attempts);
    }
  } catch (error) {
    return { order, attempts, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** What of an end has not come yet, as the topics tell; undefined when all has. */
export function whatIsMissing(end: End, { attempts, last }: Pick<Seen, 'attempts' | 'last'>) {
  const labels = attempts.map(({ state }) => state?.label ?? 'unknown');
  if (labels.join() !== end.labels.join()) {
    return `labels ${end.labels.join(', ')}; they are ${labels.join(', ')}`;
  }
  const open = attempts.findIndex(({ state }) => !state?.final);
  if (open >= 0) return `attempt ${open + 1} to be final`;
  const goods = [end.goods].flat();
  if (!goods.some((each) => each === last.goods.at(-1))) {
    return `goods ${goods.map((each) => each ?? 'undecided').join(' or ')}; they are ${last.goods.at(-1) ?? 'undecided'}`;
  }
  const conflicts = attempts.reduce((sum, { conflicted }) => sum + conflicted.length, 0);
  if (conflicts !== (end.conflicts ?? 0)) {
    return `${end.conflicts ?? 0} published conflicts; there are ${conflicts}`;
  }
  if (end.declined && !attempts.some(({ refused }) => refused.some(isDecline))) {
    return 'a published decline';
  }
  const before = (end.goodsBefore ?? []).find((type) => !last.goods.slice(0, -1).includes(type));
  if (before !== undefined) return `goods that were ${before} before`;
  const refused = new Set(last.refused.map(({ reason }) => reason));
  const unrefused = (end.refusals ?? []).find((reason) => !refused.has(reason));
  if (unrefused !== undefined) return `a published refusal ${unrefused}`;
  if (end.paidOut && !isPaidOut(last.state)) return 'participants to have what is theirs';
  return whatOperationIsMissing(end.operation, last);
}

/** Something was taken, and every participant has their share of it at the gateway. */
export function isPaidOut(state: PaymentState | undefined): boolean {
  if (state === undefined || state.amounts.captured === '0') return false;
  const shares = sharesOf(fromWirePayment(state));
  return shares.every((share) => share.by !== 'participant' || owedTo(share) === 0n);
}

/** The gateway refused the payment method; a storefront reads what to do next from its class. */
export function isDecline({ operation, declineClass }: SeenAttempt['refused'][number]): boolean {
  return operation === 'authorization' && declineClass !== undefined;
}

function whatOperationIsMissing(wanted: End['operation'], { state }: SeenAttempt) {
  if (wanted === undefined) return undefined;
  const found = state?.operations.some(
    ({ kind, status }) => kind === wanted.kind && status === wanted.status,
  );
  return found ? undefined : `a ${wanted.kind} that is ${wanted.status}`;
}

function describe({ state, goods }: SeenAttempt): string {
  return `it is ${state?.label ?? 'unknown'}, goods ${goods.at(-1) ?? 'undecided'}`;
}
