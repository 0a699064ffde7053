import { Webhooks1700000000001 } from './0001-webhooks.js';
import { KeptCommands1700000000010 } from './0002-kept-commands.js';
import { Archive1700000000020 } from './0003-archive.js';
import { FoundPayments1700000000030 } from './0004-found-payments.js';
import { MissedEvents1700000000050 } from './0005-missed-events.js';

/** In the order they run. */
export const MIGRATIONS = [
  Webhooks1700000000001,
  KeptCommands1700000000010,
  Archive1700000000020,
  FoundPayments1700000000030,
  MissedEvents1700000000050,
];
