import { Reconciliation1700000000001 } from './0001-reconciliation.js';

/** In the order they run. */
export const MIGRATIONS = [Reconciliation1700000000001];
