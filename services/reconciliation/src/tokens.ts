/** What the composition root provides, by name. */
export const POOL = Symbol('pool');
export const PAYMENTS = Symbol('payments ingest');
