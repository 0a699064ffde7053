import { Intents1764000000000 } from './0001-intents.js';
import { KeptCommands1764000000010 } from './0002-kept-commands.js';
import { Unresolved1764000000020 } from './0003-unresolved.js';
import { KeysOfCallers1764000000030 } from './0004-keys-of-callers.js';

/** In the order they run. */
export const MIGRATIONS = [
  Intents1764000000000,
  KeptCommands1764000000010,
  Unresolved1764000000020,
  KeysOfCallers1764000000030,
];
