import { Payments1700000000001 } from './0001-payments.js';
import { KeptCommands1700000000010 } from './0002-kept-commands.js';

/** In the order they run. */
export const MIGRATIONS = [Payments1700000000001, KeptCommands1700000000010];
