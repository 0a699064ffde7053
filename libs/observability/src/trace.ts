import { randomFillSync } from 'node:crypto';

/** The parts of a W3C `traceparent` (Trace Context, section 3.2). */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined when the header is missing or malformed: Trace Context says to start anew then. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = TRACEPARENT.exec(header ?? '');
  if (!match) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  // Version ff is forbidden; version 00 has exactly four parts; all-zero ids are invalid.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 };
}

/** The header of a new trace, sampled. */
export function newTraceparent(): string {
  return format(randomHex(16), true);
}

/**
 * The header to send on: the same trace with a span of our own, or a new trace if there was none.
 */
export function continueTrace(header: string | undefined): string {
  const parent = parseTraceparent(header);
  return parent === undefined ? newTraceparent() : format(parent.traceId, parent.sampled);
}

/** The trace id in a header of our own making, which needs no check. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

function format(traceId: string, sampled: boolean): string {
  return `00-${traceId}-${randomHex(8)}-${sampled ? '01' : '00'}`;
}

/** Chance by the block: asking the system for a few bytes costs as much as for thousands. */
const chance = Buffer.allocUnsafe(4_096);
let used = chance.length;

function randomHex(bytes: number): string {
  if (used + bytes > chance.length) {
    randomFillSync(chance);
    used = 0;
  }
  const hex = chance.toString('hex', used, (used += bytes));
  return /^0+$/.test(hex) ? randomHex(bytes) : hex;
}
