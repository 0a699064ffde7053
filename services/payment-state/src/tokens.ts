/** What the composition root provides, by name. */
export const POOL = Symbol('pool');
export const LOG = Symbol('payments log');
export const EVENT_FEED = Symbol('event feed');
export const FACTS = Symbol('facts ingest');
export const PROOFS = Symbol('proofs ingest');
