import { Payments1700000000001 } from './0001-payments.js';
import { KeptCommands1700000000010 } from './0002-kept-commands.js';
import { Proofs1700000000020 } from './0003-proofs.js';

/** In the order they run. */
export const MIGRATIONS = [Payments1700000000001, KeptCommands1700000000010, Proofs1700000000020];
