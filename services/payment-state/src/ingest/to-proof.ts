import {
  FULFILLMENT_EVENTS,
  fromWireFact,
  GATEWAY_NOTIFICATIONS,
  knownOf,
  type MessageData,
} from '@paylog/contracts';
import { type Accepted, type ConsumedMessage, decodeOne } from '@paylog/kafka';
import { eventName } from '@paylog/payment-domain';

type Reference = MessageData<typeof GATEWAY_NOTIFICATIONS, 'FactRecorded'>['evidence'];
type Decision = MessageData<typeof FULFILLMENT_EVENTS, 'FulfillmentReleased'>;

/** A fact that a gateway's webhook told, and where that webhook is. */
export interface WebhookDetail {
  readonly evidence: Reference;
  /** False: its signature doesn't cover it, and the gateway was to be asked. */
  readonly confirmed: boolean;
}

/** What was decided about the goods. */
export type GoodsDetail = Pick<Decision, 'orderId' | 'part' | 'reason' | 'causedBy'>;

/** A row of `proofs.messages`: see sql/proofs.sql. */
export interface Proof {
  /** The message's own id: of a webhook's fact, or of a decision. */
  readonly id: string;
  readonly paymentId: string;
  /** What the fact is called as an event, or the name of the decision. */
  readonly type: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly detail: WebhookDetail | GoodsDetail;
}

/** Contract message to proof, or what is wrong with it. Never throws, whatever the bytes. */
export function toProof(message: ConsumedMessage): Proof | string {
  const proof = message.topic === GATEWAY_NOTIFICATIONS ? fromWebhook(message) : fromGoods(message);
  if (typeof proof === 'string' || proof.paymentId === message.key) return proof;
  return `/paymentId is not the message's key ${message.key}`;
}

function fromWebhook(message: ConsumedMessage): Proof | string {
  const decoded = decodeOne(GATEWAY_NOTIFICATIONS, message);
  if (typeof decoded === 'string') return decoded;
  const { paymentId, fact, evidence } = decoded.data;
  const { id, account, eventId, sha256, receivedAt, verifiedWith } = evidence;
  return {
    id: fact.id,
    paymentId,
    type: eventName(fromWireFact(knownOf(fact))),
    time: fact.at,
    detail: {
      // Field by field: what a newer writer adds is none of ours.
      evidence: {
        id,
        account,
        eventId,
        sha256,
        ...(receivedAt !== undefined && { receivedAt }),
        ...(verifiedWith !== undefined && { verifiedWith }),
      },
      confirmed: decoded.type === 'FactRecorded',
    },
  };
}

function fromGoods(message: ConsumedMessage): Proof | string {
  const decoded = decodeOne(FULFILLMENT_EVENTS, message);
  if (typeof decoded === 'string') return decoded;
  const headers = headersOf(decoded);
  if (typeof headers === 'string') return headers;
  const { paymentId, orderId, part, reason, causedBy } = decoded.data;
  return { ...headers, paymentId, type: decoded.type, detail: { orderId, part, reason, causedBy } };
}

const ID = /^[\x21-\x7e]{1,64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;

/** Not covered by the schema, and a decision's id and time are nowhere else. */
function headersOf({ id, message }: Accepted<typeof FULFILLMENT_EVENTS>) {
  const { ce_time: time = '' } = message.headers;
  if (!ID.test(id)) return 'has a ce_id header that is no id of ours';
  return TIME.test(time) ? { id, time } : 'has no ce_time header that is a time in UTC';
}
