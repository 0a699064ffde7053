import type { ReadTokenSigner } from '@paylog/http';
import type { NextAction } from '@paylog/gateways';
import type { Intents } from '../intent/intents.js';
import { viewOf, type IntentView } from './view.js';

const HALF_LIFE_MS = 30 * 60_000;

/** Reads intents as storefronts see them, with what only an answer may carry. */
export class IntentReader {
  constructor(
    private readonly intents: Intents,
    private readonly tokens: ReadTokenSigner,
  ) {}

  /** Undefined for a payment we never accepted. */
  async view(paymentId: string, now: Date = new Date()): Promise<IntentView | undefined> {
    const { known, beside } = await this.intents.load(paymentId);
    const view = viewOf(known, nextActionFrom(beside.nextAction));
    return view && { ...view, readToken: await this.tokens.sign(paymentId, now) };
  }

  /** A stored answer as it was given: the shopper's action while it stands, the token of then while it is fresh. */
  async withSecrets(stored: IntentView, answeredAt: Date): Promise<IntentView> {
    const now = new Date();
    const fresh = now.getTime() - answeredAt.getTime() < HALF_LIFE_MS;
    const present = await this.view(stored.paymentId, now);
    const readToken = fresh
      ? await this.tokens.sign(stored.paymentId, answeredAt)
      : present?.readToken;
    return {
      ...stored,
      ...(present?.nextAction ? { nextAction: present.nextAction } : {}),
      ...(readToken === undefined ? {} : { readToken }),
    };
  }
}

/** Written by the engine from the gateway's answer, read as it was. */
function nextActionFrom(stored: unknown): NextAction | undefined {
  return stored ? (stored as NextAction) : undefined;
}
