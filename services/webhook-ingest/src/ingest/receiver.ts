import type { AppendAnswer, EventLog } from '@paylog/event-sourcing';
import { GroupCommit } from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import { type GatewayAccount, type WebhookDelivery, webhooksOf } from '@paylog/gateways';
import { Problem } from '@paylog/http';
import { counter, type Logger } from '@paylog/observability';
import { type Delivery, type Evidence, setApart, toAppend, toEvidence } from './evidence.js';
import type { Rejections } from './rejections.js';

const deliveries = counter('paylog_webhooks_total', 'Webhook deliveries by verdict', [
  'account',
  'verdict',
]);

export interface DeliveryCounts {
  duplicates: number;
  rejected: number;
}

/** What is said about a delivery in its log line. */
export type Received = {
  readonly eventId: string | null;
  readonly evidenceId: string;
  readonly account: string;
  readonly bytes: number;
  readonly outcome: 'accepted' | 'duplicate' | 'quarantined';
  /** HTTP status that this gateway takes for "don't send it again". */
  readonly status: number;
};

/** Webhooks that wait for a flush, at most, and their bodies' bytes; beyond, the gateway is asked to come again. */
const QUEUE_MAX = 4_096;
const WAITING_BYTES_MAX = 16 * 1024 * 1024;

const atEvidence = crossing('webhook-ingest.evidence');
const atQuarantine = crossing('webhook-ingest.quarantine');

/** Verifies and stores deliveries. Only what is on disk is acknowledged. */
export class Receiver {
  /** Since this process started; what was accepted is counted in the log itself. */
  readonly counts: DeliveryCounts = { duplicates: 0, rejected: 0 };
  readonly #commits: GroupCommit;
  #waitingBytes = 0;

  constructor(
    /** As they are at this moment; asked once a delivery. */
    private readonly accounts: () => readonly GatewayAccount[],
    evidence: EventLog,
    private readonly rejections: Rejections,
    private readonly logger: Logger,
  ) {
    this.#commits = new GroupCommit(evidence, { queueMax: QUEUE_MAX, anyLane: true });
  }

  /**
   * Resolves once the delivery is on disk, now or before. `headers` as the gateway sent them: of the kept ones a long one
   * may be missing.
   */
  async receive(delivery: Delivery, headers: WebhookDelivery['headers']): Promise<Received> {
    const account = this.accountOf(delivery);
    const webhooks = webhooksOf(account.gateway);
    const { body, receivedAt } = delivery;
    const judged = webhooks.verify({ body, headers, receivedAt }, account);
    const verdict = judged instanceof Promise ? await judged : judged;
    if (!verdict.valid) return this.reject(delivery, verdict, webhooks.acknowledgement.refused);

    const identity = webhooks.identify({ body, headers });
    const evidence = toEvidence(delivery, verdict.secretName, identity);
    const answer = await atEvidence(() => this.#store(evidence, body));
    const outcome =
      answer.status === 'same_key_other_content'
        ? await this.#quarantine(evidence, body)
        : this.outcomeOf(answer);
    deliveries.inc({ account: account.account, verdict: outcome });
    if (outcome === 'duplicate') this.counts.duplicates += 1;
    const { id: evidenceId, eventId, bytes } = evidence;
    const { accepted: status } = webhooks.acknowledgement;
    return { eventId, evidenceId, account: account.account, bytes, outcome, status };
  }

  /** One transmission, two bodies: one of them was forged. Stored, parked by the mapper, and never read. */
  async #quarantine(evidence: Evidence, body: Buffer): Promise<'quarantined' | 'duplicate'> {
    const apart = setApart(evidence);
    const outcome = this.outcomeOf(await atQuarantine(() => this.#store(apart, body)));
    const { id: evidenceId, account, eventId, sha256 } = apart;
    const ids = { evidenceId, account, eventId, sha256, first: evidence.id };
    this.logger.error(ids, 'webhook quarantined: its transmission came before with another body');
    return outcome === 'accepted' ? 'quarantined' : outcome;
  }

  async #store(evidence: Evidence, body: Buffer): Promise<AppendAnswer> {
    // A flush is bounded by its bytes, the queue of those that wait for one is not.
    if (this.#waitingBytes > WAITING_BYTES_MAX) {
      throw Problem.unavailable('Too much is waiting to be written; send it again shortly.');
    }
    this.#waitingBytes += body.length;
    try {
      return await this.#commits.submit(toAppend(evidence, body));
    } finally {
      this.#waitingBytes -= body.length;
    }
  }

  drain(): Promise<void> {
    return this.#commits.drain();
  }

  private accountOf({ gateway, account }: Delivery): GatewayAccount {
    const known = this.accounts().find(
      (each) => each.account === account && each.gateway === gateway,
    );
    if (known) return known;
    throw Problem.notFound(
      `There is no account ${account} at ${gateway} here; check the webhook's URL.`,
    );
  }

  private async reject(
    delivery: Delivery,
    { reason, again }: { readonly reason: string; readonly again?: true },
    status: number,
  ): Promise<never> {
    const { account, gateway } = delivery;
    this.counts.rejected += 1;
    deliveries.inc({ account, verdict: 'rejected' });
    this.logger.warn({ account, gateway, reason, bytes: delivery.body.length }, 'webhook rejected');
    this.rejections.keep({ ...delivery, headers: shown(delivery) }, reason);
    if (again) throw Problem.unavailable('It could not be verified now; send it again shortly.');
    // Who can't sign is not told why.
    const detail = 'The signature is missing, wrong or too old.';
    throw new Problem(status, detail, { code: 'unauthorized' });
  }

  private outcomeOf(answer: AppendAnswer): 'accepted' | 'duplicate' {
    if (answer.status === 'appended') return 'accepted';
    if (answer.status === 'duplicate') return 'duplicate';
    const why = answer.status === 'refused' ? answer.reason : answer.status;
    throw new Problem(500, `The webhook could not be stored: ${why}. Send it again.`);
  }
}

/** Refused deliveries are listed, and a genuine one may be among them. */
function shown({ gateway, headers }: Delivery): Delivery['headers'] {
  const { secretHeaders = [] } = webhooksOf(gateway);
  if (secretHeaders.length === 0) return headers;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      secretHeaders.includes(name) ? `(${value.length} characters)` : value,
    ]),
  );
}
