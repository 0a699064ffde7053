import { Webhooks1700000000001 } from './0001-webhooks.js';

/** In the order they run. */
export const MIGRATIONS = [Webhooks1700000000001];
