import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';

/**
 * The value of `Idempotency-Key`: a quoted string (draft-ietf-httpapi-idempotency-key-header,
 * section 2.1) or, as most clients send it, the bare text. 1 to 255 visible ASCII characters.
 * Throws a 400 problem that names the header.
 */
export function parseIdempotencyKey(header: string | readonly string[] | undefined): string {
  if (header === undefined || header === '') {
    throw invalid('Send the header Idempotency-Key, a value of your own for this request.');
  }
  if (typeof header !== 'string') throw invalid('Send the header Idempotency-Key once.');
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(header.trim());
  const key = quoted ? (quoted[1] ?? '').replace(/\\(["\\])/g, '$1') : header.trim();
  if (!/^[\x21-\x7e]{1,255}$/.test(key) || (!quoted && key.includes('"'))) {
    throw invalid('Idempotency-Key must be 1 to 255 visible ASCII characters, quoted or bare.');
  }
  return key;
}

/**
 * What "the same request" means beside an idempotency key: method, path and the JSON body's
 * meaning (the order of members and white space do not count). sha256, hex.
 */
export function requestDigest(request: Pick<FastifyRequest, 'method' | 'url' | 'body'>): string {
  const hash = createHash('sha256');
  const path = request.url.split('?', 1)[0] ?? '';
  for (const part of [request.method, path, canonical(request.body)]) {
    // Lengths first, so that no two different requests run together to the same text.
    hash.update(`${Buffer.byteLength(part)}:${part}`);
  }
  return hash.digest('hex');
}

function canonical(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  const texts = members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${texts.join(',')}}`;
}

function invalid(detail: string): Problem {
  return Problem.badRequest(detail, { field: 'Idempotency-Key' });
}
