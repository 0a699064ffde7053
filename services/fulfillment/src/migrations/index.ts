import { Fulfillment1700000000001 } from './0001-fulfillment.js';

/** In the order they run. */
export const MIGRATIONS = [Fulfillment1700000000001];
