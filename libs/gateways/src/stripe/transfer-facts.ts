import type { Fact } from '@paylog/payment-domain';
import type { FactOrigin } from '../observed-to-facts.js';
import { payoutFacts } from '../payout-facts.js';
import { observeReversal, observeTransfer, type TransferShape } from './transfers.js';

/** A Transfer and everything that was taken back of it, each under our id where its metadata has one. */
export function transferFacts(origin: FactOrigin, transfer: TransferShape): Fact[] {
  const shown = [observeTransfer(transfer), ...transfer.reversals.data.map(observeReversal)];
  return shown.flatMap((payout) => payoutFacts(origin, payout, payout.ours.operation));
}
