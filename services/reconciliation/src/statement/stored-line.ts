import { fromWireMoney, toWireMoney, type WireMoney } from '@paylog/contracts';
import type { SettlementLine } from '@paylog/gateways';

type Amounts = 'gross' | 'fee' | 'net' | 'customerFacing';

/** A line as it is stored: amounts as decimal strings. */
export type StoredLine = Omit<SettlementLine, Amounts> & Readonly<Record<Amounts, WireMoney>>;

export function toStoredLine(line: SettlementLine): StoredLine {
  const { gross, fee, net, customerFacing, ...rest } = line;
  return {
    ...rest,
    gross: toWireMoney(gross),
    fee: toWireMoney(fee),
    net: toWireMoney(net),
    customerFacing: toWireMoney(customerFacing),
  };
}

export function fromStoredLine(stored: StoredLine): SettlementLine {
  const { gross, fee, net, customerFacing, ...rest } = stored;
  return {
    ...rest,
    gross: fromWireMoney(gross),
    fee: fromWireMoney(fee),
    net: fromWireMoney(net),
    customerFacing: fromWireMoney(customerFacing),
  };
}
