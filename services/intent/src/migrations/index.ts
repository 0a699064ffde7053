import { Intents1764000000000 } from './0001-intents.js';

/** In the order they run. */
export const MIGRATIONS = [Intents1764000000000];
