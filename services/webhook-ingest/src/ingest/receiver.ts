import type { AppendAnswer, EventLog } from '@paylog/event-sourcing';
import { GroupCommit } from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import { type GatewayAccount, verifySignature } from '@paylog/gateways';
import { Problem } from '@paylog/http';
import { counter, type Logger } from '@paylog/observability';
import { type Delivery, type Evidence, toAppend, toEvidence } from './evidence.js';
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
  readonly outcome: 'accepted' | 'duplicate';
};

/** Webhooks that wait for a flush, at most, and their bodies' bytes; beyond, the gateway is asked to come again. */
const QUEUE_MAX = 4_096;
const WAITING_BYTES_MAX = 16 * 1024 * 1024;

const atEvidence = crossing('webhook-ingest.evidence');

/** Verifies and stores deliveries. Only what is on disk is acknowledged. */
export class Receiver {
  /** Since this process started; what was accepted is counted in the log itself. */
  readonly counts: DeliveryCounts = { duplicates: 0, rejected: 0 };
  readonly #commits: GroupCommit;
  #waitingBytes = 0;

  constructor(
    private readonly accounts: readonly GatewayAccount[],
    evidence: EventLog,
    private readonly rejections: Rejections,
    private readonly logger: Logger,
  ) {
    this.#commits = new GroupCommit(evidence, { queueMax: QUEUE_MAX, anyLane: true });
  }

  /** Resolves once the delivery is on disk, now or before. `signature` as the gateway sent it. */
  async receive(delivery: Delivery, signature: string | undefined): Promise<Received> {
    const account = this.accountOf(delivery);
    const verdict = verifySignature({
      body: delivery.body,
      header: signature,
      secrets: account.webhookSecrets,
      receivedAt: delivery.receivedAt,
    });
    if (!verdict.valid) return this.reject(delivery, verdict.reason);

    const evidence = toEvidence(delivery, verdict.secretName);
    const answer = await atEvidence(() => this.#store(evidence, delivery.body));
    const outcome = this.outcomeOf(answer);
    deliveries.inc({ account: account.account, verdict: outcome });
    if (outcome === 'duplicate') this.counts.duplicates += 1;
    const { id: evidenceId, eventId, bytes } = evidence;
    return { eventId, evidenceId, account: account.account, bytes, outcome };
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
    const known = this.accounts.find(
      (each) => each.account === account && each.gateway === gateway,
    );
    if (known) return known;
    throw Problem.notFound(
      `There is no account ${account} at ${gateway} here; check the webhook's URL.`,
    );
  }

  private async reject(delivery: Delivery, reason: string): Promise<never> {
    const { account, gateway } = delivery;
    this.counts.rejected += 1;
    deliveries.inc({ account, verdict: 'rejected' });
    this.logger.warn({ account, gateway, reason, bytes: delivery.body.length }, 'webhook rejected');
    this.rejections.keep(delivery, reason);
    // Who can't sign is not told why.
    throw Problem.unauthorized('The signature is missing, wrong or too old.');
  }

  private outcomeOf(answer: AppendAnswer): 'accepted' | 'duplicate' {
    if (answer.status === 'appended') return 'accepted';
    if (answer.status === 'duplicate') return 'duplicate';
    const why = answer.status === 'refused' ? answer.reason : answer.status;
    throw new Problem(500, `The webhook could not be stored: ${why}. Send it again.`);
  }
}
