import { Payments1700000000001 } from './0001-payments.js';

/** In the order they run. */
export const MIGRATIONS = [Payments1700000000001];
