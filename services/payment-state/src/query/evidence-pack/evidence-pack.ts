import { toWireMoney, type WireMoney } from '@paylog/contracts';
import type { LogRow } from '@paylog/event-sourcing';
import {
  addAll,
  type Dispute,
  empty,
  eventName,
  type Fact,
  type Operation,
  type OriginFact,
  type Payment,
  paymentOf,
  type TermsFact,
} from '@paylog/payment-domain';
import type { GoodsDetail, Proof, WebhookDetail } from '../../ingest/to-proof.js';
import { factsIn, factTextOf } from '../../payment/payment-stream.js';

/** Everything that Paylog can show about one payment, for whoever answers a dispute. */
export interface EvidencePack {
  readonly paymentId: string;
  /** RFC 3339. What is learnt later is not in it. */
  readonly generatedAt: string;
  /** What was agreed with the storefront. */
  readonly order?: Order | undefined;
  /** Instead of terms: the payment was found at the gateway. */
  readonly found?: Found | undefined;
  readonly state: State;
  readonly disputes: readonly DisputeEntry[];
  readonly operations: readonly OperationEntry[];
  /** By the time that the source gives. */
  readonly timeline: readonly TimelineEntry[];
  /** Whose signature was verified before anything in them was believed. */
  readonly webhooks: readonly WebhookEntry[];
  readonly fulfillment: readonly GoodsEntry[];
}

interface Order {
  readonly storefront: string;
  readonly orderId: string;
  readonly attempt: number;
  readonly amount: WireMoney;
  readonly captureMode: TermsFact['captureMode'];
  readonly gateway: string;
  readonly account: string;
  readonly mode: TermsFact['mode'];
  readonly agreedAt: string;
}

interface Found {
  readonly gateway: string;
  readonly account: string;
  readonly mode: OriginFact['mode'];
  /** The gateway's id that it goes by. */
  readonly object: string;
  /** Once somebody has said which order it belongs to. */
  readonly storefront?: string | undefined;
  readonly orderId?: string | undefined;
}

interface State {
  readonly label: Payment['label'];
  readonly final: boolean;
  /** Sums in the payment's currency; absent while that isn't known. */
  readonly amounts?: Readonly<Record<keyof Payment['amounts'], WireMoney>> | undefined;
}

export interface DisputeEntry {
  /** The gateway's. */
  readonly id: string;
  /** Absent where only its money is known. */
  readonly stage?: Dispute['stage'] | undefined;
  readonly outcome?: Dispute['outcome'] | undefined;
  readonly reason?: string | undefined;
  readonly amount?: WireMoney | undefined;
  /** Until when evidence is taken. */
  readonly respondBy?: string | undefined;
  readonly about?: string | undefined;
  readonly withdrawn?: WireMoney | undefined;
  readonly reinstated?: WireMoney | undefined;
  readonly fee?: WireMoney | undefined;
}

interface OperationEntry {
  readonly id: string;
  readonly kind: Operation['kind'];
  readonly status: Operation['status'];
  readonly amount?: WireMoney | undefined;
  readonly reason?: string | undefined;
  /** Ids under which the gateway knows it. */
  readonly gatewayIds: readonly string[];
}

export interface TimelineEntry {
  /** As in `payments.events.v1`: from 1, in the order in which Paylog learnt of it. */
  readonly version: number;
  readonly factId: string;
  readonly at: string;
  readonly what: string;
  /** The operation, the dispute or the gateway's object it is about. */
  readonly about?: string | undefined;
  readonly stage?: string | undefined;
  readonly amount?: WireMoney | undefined;
  readonly reason?: string | undefined;
  readonly source: Fact['source'];
  /** The webhook that told it. */
  readonly evidence?: string | undefined;
  /** It turned out to be wrong: a later fact takes it back. */
  readonly retracted?: true | undefined;
}

export interface WebhookEntry {
  /** Under which Paylog keeps the body, byte for byte, until its retention ends. */
  readonly evidence: string;
  readonly account: string;
  readonly eventId: string;
  readonly receivedAt?: string | undefined;
  /** Of the body as received. */
  readonly sha256: string;
  /** Name of the secret or certificate that matched, never its value. */
  readonly verifiedWith?: string | undefined;
  /** What it told, as in the timeline. */
  readonly told: readonly string[];
  /** The signature does not cover what it told: the gateway was to be asked before it counted. */
  readonly unconfirmed?: true | undefined;
}

export interface GoodsEntry {
  readonly id: string;
  readonly at: string;
  readonly what: string;
  readonly orderId: string;
  readonly part: string;
  readonly reason: string;
  readonly causedBy: string;
}

/** What a pack is made from: all of it is stored in this service. */
export interface PackSources {
  readonly paymentId: string;
  readonly generatedAt: string;
  readonly history: readonly Told[];
  readonly proofs: readonly Proof[];
}

/** A fact, and the version of the event that told it. */
interface Told {
  readonly version: number;
  readonly fact: Fact;
}

/** The facts of a payment's stored events, in the order of their versions. */
export function historyOf(paymentId: string, events: readonly LogRow[]): Told[] {
  const facts = factsIn(paymentId, events.map(factTextOf));
  return events.flatMap(({ version }, i) => {
    const fact = facts[i];
    return fact ? [{ version, fact }] : [];
  });
}

/** Under which payments proofs of this one were filed: its own, and those found at a gateway that it has adopted. */
export function filedUnder(paymentId: string, history: readonly Told[]): string[] {
  const adopted = history.flatMap(({ fact }) =>
    fact.type === 'adoption' && fact.into === paymentId ? fact.payment : [],
  );
  return [...new Set([paymentId, ...adopted])];
}

/** The state is folded anew from the facts, so that it is today's, and of exactly the events that are shown. */
export function packOf({ paymentId, generatedAt, history, proofs }: PackSources): EvidencePack {
  const facts = history.map(({ fact }) => fact);
  const payment = paymentOf(addAll(empty(), facts));
  const webhooks = proofs.filter(isOfWebhook);
  const { currency } = payment;
  return {
    paymentId,
    generatedAt,
    order: orderIn(facts),
    found: foundIn(facts),
    state: stateOf(payment),
    disputes: payment.disputes.map((dispute) => disputeEntry(dispute, currency)),
    operations: payment.operations.map(operationEntry),
    timeline: timelineOf(history, webhooks),
    webhooks: webhooksIn(webhooks),
    fulfillment: proofs.filter(isOfGoods).map(goodsEntry).sort(byTime),
  };
}

function orderIn(facts: readonly Fact[]): Order | undefined {
  const terms = facts.find((fact) => fact.type === 'terms');
  if (terms === undefined) return undefined;
  const { storefront, orderId, attempt, captureMode, gateway, account, mode, at } = terms;
  const amount = toWireMoney(terms.amount);
  return {
    storefront,
    orderId,
    attempt,
    amount,
    captureMode,
    gateway,
    account,
    mode,
    agreedAt: at,
  };
}

function foundIn(facts: readonly Fact[]): Found | undefined {
  const origin = facts.find((fact) => fact.type === 'origin');
  if (origin === undefined) return undefined;
  const { gateway, account, mode, object } = origin;
  const adoption = facts.find((fact) => fact.type === 'adoption');
  const { storefront, orderId } = adoption ?? {};
  return { gateway, account, mode, object, storefront, orderId };
}

function stateOf({ label, final, amounts, currency }: Payment): State {
  if (currency === undefined) return { label, final };
  const sum = (minor: bigint) => toWireMoney({ minor, currency });
  const { authorized, captured, refunded, voided, disputed, chargedBack, disputeFees } = amounts;
  return {
    label,
    final,
    amounts: {
      authorized: sum(authorized),
      captured: sum(captured),
      refunded: sum(refunded),
      voided: sum(voided),
      disputed: sum(disputed),
      chargedBack: sum(chargedBack),
      disputeFees: sum(disputeFees),
    },
  };
}

function disputeEntry(dispute: Dispute, currency: string | undefined): DisputeEntry {
  const { id, stage, outcome, reason, amount, respondBy, parent } = dispute;
  const sum = (minor: bigint) =>
    currency === undefined ? undefined : toWireMoney({ minor, currency });
  return {
    id,
    stage,
    outcome,
    reason,
    amount: amount && toWireMoney(amount),
    respondBy,
    about: parent,
    withdrawn: sum(dispute.withdrawn),
    reinstated: sum(dispute.reinstated),
    fee: sum(dispute.fee),
  };
}

function operationEntry(operation: Operation): OperationEntry {
  const { id, kind, status, amount, reason, aliases } = operation;
  return { id, kind, status, amount: amount && toWireMoney(amount), reason, gatewayIds: aliases };
}

function timelineOf(history: readonly Told[], webhooks: readonly OfWebhook[]): TimelineEntry[] {
  const retracted = new Set(
    history.flatMap(({ fact }) => (fact.type === 'retraction' ? fact.retracts : [])),
  );
  const evidence = new Map(webhooks.map(({ id, detail }) => [id, detail.evidence.id]));
  const entries = history.map(({ version, fact }) => ({
    version,
    factId: fact.id,
    at: fact.at,
    what: eventName(fact),
    ...contentOf(fact),
    source: fact.source,
    evidence: evidence.get(fact.id),
    retracted: retracted.has(fact.id) ? (true as const) : undefined,
  }));
  return entries.sort(byTime);
}

function contentOf(fact: Fact): Pick<TimelineEntry, 'about' | 'stage' | 'amount' | 'reason'> {
  switch (fact.type) {
    case 'terms':
      return { about: fact.orderId, amount: toWireMoney(fact.amount) };
    case 'operation': {
      const { operation: about, amount = fact.asked, reason } = fact;
      return { about, amount: amount && toWireMoney(amount), reason };
    }
    case 'dispute': {
      const { dispute: about, stage, amount, reason } = fact;
      return { about, stage, amount: amount && toWireMoney(amount), reason };
    }
    case 'alias':
      return { about: `${fact.alias} = ${fact.target}` };
    case 'total':
      return { about: fact.object, amount: toWireMoney(fact.value) };
    case 'retraction':
      return { about: fact.retracts, reason: fact.reason };
    case 'origin':
      return { about: fact.object };
    case 'adoption':
      return { about: fact.orderId, reason: fact.reason };
  }
}

type OfWebhook = Proof & { readonly detail: WebhookDetail };
type OfGoods = Proof & { readonly detail: GoodsDetail };

const isOfWebhook = (proof: Proof): proof is OfWebhook => 'evidence' in proof.detail;
const isOfGoods = (proof: Proof): proof is OfGoods => !('evidence' in proof.detail);

/** One entry an event of the gateway and the bytes it came in, whatever it told. */
function webhooksIn(proofs: readonly OfWebhook[]): WebhookEntry[] {
  const deliveries = new Map<string, WebhookEntry>();
  for (const { type, detail } of proofs) {
    const { id, ...evidence } = detail.evidence;
    const key = `${id} ${evidence.eventId}`;
    const known = deliveries.get(key);
    const told = [...new Set([...(known?.told ?? []), type])].sort();
    const unconfirmed = detail.confirmed || (known && !known.unconfirmed) ? undefined : true;
    deliveries.set(key, { evidence: id, ...evidence, told, unconfirmed });
  }
  return [...deliveries.values()].sort(byReceipt);
}

function goodsEntry({ id, time, type, detail }: OfGoods): GoodsEntry {
  const { orderId, part, reason, causedBy } = detail;
  return { id, at: time, what: type, orderId, part, reason, causedBy };
}

/** Times are in UTC, with more or fewer digits of a second: compared as texts, without what would follow the digits. */
const moment = (time: string | undefined): string => (time ?? '').replace('Z', '');
const order = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

interface Dated {
  readonly at: string;
  readonly version?: number;
}

const byTime = (a: Dated, b: Dated): number =>
  order(moment(a.at), moment(b.at)) || (a.version ?? 0) - (b.version ?? 0);

const byReceipt = (a: WebhookEntry, b: WebhookEntry): number =>
  order(moment(a.receivedAt), moment(b.receivedAt)) || order(a.eventId, b.eventId);
