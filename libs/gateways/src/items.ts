import { GatewayFault } from './fault.js';
import type { FactOrigin } from './observed-to-facts.js';
import { factsIn, type Tale } from './told.js';
import type { ReadingContext, WebhookItem } from './webhooks.js';

/** One event, before it is known whose it is. */
export interface Event {
  readonly eventId: string;
  readonly eventType: string;
  /** Our payment, where the event names it. */
  readonly paymentId: string | undefined;
  /** Gateway ids that lead to the payment, the surest first. */
  readonly references: readonly (string | undefined)[];
  /** May be read as the payment's from now on: signed. */
  readonly teaches: boolean;
  /** RFC 3339, of the event; throws a `GatewayFault` where it can't be read. */
  readonly at: () => string;
  /** What makes this telling unique, beside the account. */
  readonly scope: readonly string[];
  readonly tale: () => Tale | { readonly ignored: string };
  readonly alone?: () => Buffer;
}

/** What an event tells of a payment, known or not yet; whatever of it can't be read makes it unreadable. */
export function itemOf(event: Event, context: ReadingContext): WebhookItem {
  const { eventId, eventType, alone } = event;
  const own = alone === undefined ? {} : { alone };
  const head = { eventId, eventType, ...own };
  try {
    const tale = event.tale();
    if ('ignored' in tale) return { kind: 'ignored', ...head, reason: tale.ignored };
    const references = event.references.filter(
      (each): each is string => each !== undefined && each !== '',
    );
    const known = references.map(context.paymentOf).find((each) => each !== undefined);
    const paymentId = event.paymentId ?? known;
    if (paymentId === undefined) {
      return {
        kind: 'unresolved',
        ...head,
        references,
        ...(!event.teaches && { unconfirmed: true }),
      };
    }
    const at = event.at();
    const origin: FactOrigin = {
      scope: ['webhook', context.account, ...event.scope],
      at,
      source: 'webhook',
    };
    const facts = factsIn(origin, tale);
    return event.teaches
      ? { kind: 'facts', ...head, paymentId, facts, references }
      : { kind: 'facts', ...head, paymentId, facts, unconfirmed: true };
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    return { kind: 'unreadable', path: '', error: error.message, ...own };
  }
}
