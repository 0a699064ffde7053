/** Its first member, as most gateways write it; where it is not, the whole body is read. */
const FIRST_ID = /^\s*\{\s*"id"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,255})"\s*,/;
const FIRST_ID_BYTES = 320;
const END = /\}\s*$/;
const END_BYTES = 8;

/** What a gateway's id may look like, wherever it is kept: printable ASCII, as a header could carry it. */
export const isEventId = (id: unknown): id is string =>
  typeof id === 'string' && /^[\x21-\x7e]{1,255}$/.test(id);

/** The member `id` of a body; null where there is none, such as in a body that is broken. */
export function eventIdIn(body: Buffer): string | null {
  // A closing brace in its place: what was cut short is broken, and takes the long way.
  if (END.test(body.toString('latin1', Math.max(0, body.length - END_BYTES)))) {
    const first = FIRST_ID.exec(body.toString('latin1', 0, FIRST_ID_BYTES))?.[1];
    if (first !== undefined) return first;
  }
  try {
    const { id } = JSON.parse(body.toString('utf8')) as { id?: unknown };
    return isEventId(id) ? id : null;
  } catch {
    return null; // Broken, but signed: stored under its digest alone.
  }
}
