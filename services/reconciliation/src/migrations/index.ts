import { Reconciliation1700000000001 } from './0001-reconciliation.js';
import { Disputes1700000000002 } from './0002-disputes.js';
import { KeptCommands1700000000010 } from './0003-kept-commands.js';
import { Participants1700000000020 } from './0004-participants.js';
import { FoundPayments1700000000030 } from './0005-found-payments.js';

/** In the order they run. */
export const MIGRATIONS = [
  Reconciliation1700000000001,
  Disputes1700000000002,
  KeptCommands1700000000010,
  Participants1700000000020,
  FoundPayments1700000000030,
];
