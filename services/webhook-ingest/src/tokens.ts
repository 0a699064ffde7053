/** What the composition root provides, by name. */
export const RECEIVER = Symbol('webhook receiver');
export const REFERENCES = Symbol('references');
export const POOL = Symbol('pool');
export const REMAP = Symbol('remap');
