import { setTimeout as sleep } from 'node:timers/promises';

/** How one try ended. 0: nobody answered, or the connection broke. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: boolean;
}

/** The load was ended while this was still being asked. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

const ANSWER_WITHIN_MS = 5_000;
const PAUSE_MS = 250;

/** One request, no patience. */
export async function ask(url: string, init: RequestInit): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const response = await fetch(url, { ...init, signal });
    const body = await response.text();
    return { status: response.status, body, retryAfter: response.headers.has('retry-after') };
  } catch {
    return { status: 0, body: '', retryAfter: false };
  }
}

export const accepted = ({ status }: Answer) => status >= 200 && status < 300;

/** Nobody has decided anything: the same request must be sent again. */
const undecided = ({ status, retryAfter }: Answer) => status === 0 || status >= 500 || retryAfter;

/** Sends again until somebody has decided, as storefronts and gateways do. */
export async function insist(send: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    const answer = await send();
    if (!undecided(answer)) return answer;
    await pause(PAUSE_MS, signal);
  }
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw new Abandoned('the load was ended');
  });
}
