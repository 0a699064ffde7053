import { Intents1764000000000 } from './0001-intents.js';
import { KeptCommands1764000000010 } from './0002-kept-commands.js';

/** In the order they run. */
export const MIGRATIONS = [Intents1764000000000, KeptCommands1764000000010];
