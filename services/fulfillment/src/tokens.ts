/** What the composition root provides, by name. */
export const KNOWLEDGE = Symbol('knowledge ingest');
export const NOTIFIER = Symbol('notifier');
export const POOL = Symbol('pool');
