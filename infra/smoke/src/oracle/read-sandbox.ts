import type { TrueDelivery, TrueEffect, TrueIntent, Truth } from './evidence.js';

const ANSWER_WITHIN_MS = 15_000;

/** Makes the gateway send all it has to tell; answers how many webhooks nobody has acknowledged. */
export async function settleWebhooks(sandboxUrl: string): Promise<number> {
  const { pending } = await answerOf<{ pending: number }>(`${sandboxUrl}/sandbox/settle`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  return pending;
}

/** What the gateway did and sent, by its own word. */
export async function readTruth(sandboxUrl: string): Promise<Truth> {
  const [truth, deliveries] = await Promise.all([
    answerOf<{ paymentIntents: TrueIntent[]; effects: TrueEffect[] }>(
      `${sandboxUrl}/sandbox/truth`,
    ),
    answerOf<TrueDelivery[]>(`${sandboxUrl}/sandbox/deliveries`),
  ]);
  return { intents: truth.paymentIntents, effects: truth.effects, deliveries };
}

async function answerOf<T>(url: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return (await answer.json()) as T;
}
