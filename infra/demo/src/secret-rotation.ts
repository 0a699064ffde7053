import { randomBytes } from 'node:crypto';
import {
  ACCOUNT,
  addWebhookSecret,
  revokeWebhookSecret,
  type System,
  waitFor,
} from '@paylog/local';
import { deliveriesOf, type Sent } from './sandbox-truth.js';
import type { RunningSystem } from './system.js';

export const WEBHOOK_SECRET = 'STRIPE_MAIN_WEBHOOK_SECRET';
const NEXT = `${WEBHOOK_SECRET}_NEXT`;

/**
 * Rotates the webhook secret while orders are driven, as the runbook says: the new one is known here before the gateway
 * signs with it, and the old one is revoked when the gateway has stopped. Throws where a webhook was refused meanwhile.
 */
export async function rotateWebhookSecret(
  system: RunningSystem,
  configuration: System['configuration'],
): Promise<void> {
  const before = configuration.secrets[WEBHOOK_SECRET];
  const next = `whsec_${randomBytes(24).toString('hex')}`;
  addWebhookSecret(configuration, ACCOUNT, NEXT, next);
  await secretsKnown(system, 2);
  await signWith(system, [next, before]);
  await deliveredAfter(system);
  await signWith(system, [next]);
  await deliveredAfter(system);
  revokeWebhookSecret(configuration, ACCOUNT, WEBHOOK_SECRET);
  await secretsKnown(system, 1);
  await deliveredAfter(system);
  const refused = (await deliveriesOf(system.sandbox())).filter(wronglyRefused);
  if (refused.length === 0) return;
  throw new Error(`${refused.length} webhooks that the gateway had signed were refused`);
}

const wronglyRefused = ({ status, signedWrong }: Sent) => status === 401 && !signedWrong;

function signWith(system: RunningSystem, secrets: readonly string[]): Promise<unknown> {
  return system.sandbox().put(`/sandbox/webhook-endpoints/${ACCOUNT}`, { secrets });
}

/** Every replica of webhook-ingest says that it has read so many. */
async function secretsKnown(system: RunningSystem, count: number): Promise<void> {
  const line = `paylog_webhook_secrets{account="${ACCOUNT}"} ${count}`;
  for (const url of system.run.services['webhook-ingest']) {
    await waitFor(`${count} webhook secrets to be known at ${url}`, async () => {
      const page = await (await fetch(`${url}/metrics`)).text();
      return page.split('\n').includes(line) ? true : undefined;
    });
  }
}

/** Something was signed, and taken, since: once more what was sent last, should nothing else happen. */
async function deliveredAfter(system: RunningSystem): Promise<void> {
  const taken = async () =>
    (await deliveriesOf(system.sandbox())).filter(({ status }) => status === 200);
  const before = await taken();
  const last = before.findLast(({ eventId }) => eventId !== null);
  await system.sandbox().post(`/sandbox/events/${last?.eventId}/resend`, {});
  await waitFor('a webhook signed with the present secrets', async () =>
    (await taken()).length > before.length ? true : undefined,
  );
}
