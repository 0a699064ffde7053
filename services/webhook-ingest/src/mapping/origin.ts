import { createHash } from 'node:crypto';
import { canonicalJson, factId } from '@paylog/contracts';
import type { OriginFact } from '@paylog/payment-domain';
import type { Evidence } from '../ingest/evidence.js';
import { type MappedFact, type Reading, toAppend } from './map-evidence.js';
import type { FoundPayment } from './mapping.sql.js';

/**
 * What is read of a payment that nobody asked us for begins with where it was found. Told with each webhook of it, and
 * stored with the first: whichever that is, after whichever crash, it is there.
 */
export function withOrigin(
  reading: Reading,
  found: ReadonlyMap<string, FoundPayment>,
  mode: 'test' | 'live',
  evidence: Evidence,
): Reading {
  if (reading.outcome !== 'facts') return reading;
  const { paymentId, facts } = reading;
  const where = found.get(paymentId);
  if (where === undefined) return reading;
  return { ...reading, facts: [originOf(paymentId, where, mode, evidence), ...facts] };
}

function originOf(
  paymentId: string,
  { account, gateway, object, foundAt }: FoundPayment,
  mode: 'test' | 'live',
  evidence: Evidence,
): MappedFact {
  const where = { mode, account, gateway, object };
  const id = factId('webhook-ingest', 'origin', paymentId);
  const fact: OriginFact = { type: 'origin', id, at: foundAt, source: 'webhook', ...where };
  const item = { paymentId, eventId: evidence.eventId ?? evidence.id };
  const append = toAppend(item, fact, evidence);
  // Found again after a restored backup, at another time, it is the same origin.
  const contentDigest = createHash('sha256').update(canonicalJson(where)).digest();
  return { paymentId, fact, append: { ...append, contentDigest } };
}
