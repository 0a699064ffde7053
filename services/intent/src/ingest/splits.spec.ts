import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { STOREFRONTS } from '../testing/storefronts.js';
import { PlaceIntentDto } from './dto.js';
import { readOrderMessage, toRequest } from './order-messages.js';
import { readSplits } from './splits.js';

const eur = (minor: string) => ({ minor, currency: 'EUR' });
const placed = {
  storefront: 'shop',
  orderId: 'o-1',
  amount: eur('10000'),
  paymentMethod: 'pm_card_visa',
};
const MARKET = {
  splits: [
    { participant: 'seller', basisPoints: 8_000 },
    { participant: 'courier', amount: eur('500') },
  ],
  platformFee: { basisPoints: 1_000 },
  refundAllocation: { rule: 'participant_first', participant: 'courier' },
} as const;
const read = (asked: Parameters<typeof readSplits>[0]) =>
  readSplits(asked, { minor: 10_000n, currency: 'EUR' });

describe('the splits that a storefront asks for', () => {
  it('are what was agreed, in the currency of the order', () => {
    expect(read(MARKET)).toEqual({
      splits: {
        participants: [
          { participant: 'seller', basisPoints: 8_000 },
          { participant: 'courier', minor: 500n },
        ],
        platformFee: { basisPoints: 1_000 },
        refunds: { rule: 'participant_first', participant: 'courier' },
      },
    });
    expect(read({})).toEqual({});
  });

  const fault = (asked: Parameters<typeof readSplits>[0]) => {
    const answer = read(asked);
    return 'refused' in answer && [answer.refused.reason, answer.refused.field];
  };

  it.each<[string, Parameters<typeof readSplits>[0], string, string]>([
    [
      'more than there is',
      { splits: [MARKET.splits[0], { participant: 'b', amount: eur('9000') }] },
      'shares_exceed_amount',
      'splits.1.amount.minor',
    ],
    [
      'more than the whole, in percent',
      { splits: [MARKET.splits[0], { participant: 'b', basisPoints: 2_001 }] },
      'shares_exceed_amount',
      'splits.1.basisPoints',
    ],
    [
      'a fee beyond the amount',
      { ...MARKET, platformFee: { amount: eur('10001') } },
      'shares_exceed_amount',
      'platformFee.amount.minor',
    ],
    [
      'a participant twice',
      { splits: [MARKET.splits[1], MARKET.splits[1]] },
      'participant_repeated',
      'splits.1.participant',
    ],
    [
      'an amount and a percentage',
      { splits: [{ participant: 'a', amount: eur('1'), basisPoints: 1 }] },
      'field_invalid',
      'splits.0',
    ],
    ['neither of them', { splits: [{ participant: 'a' }] }, 'field_invalid', 'splits.0'],
    [
      'another currency',
      { splits: [{ participant: 'a', amount: { minor: '1', currency: 'USD' } }] },
      'currency_mismatch',
      'splits.0.amount.currency',
    ],
    [
      'a fee in another currency',
      { ...MARKET, platformFee: { amount: { minor: '1', currency: 'USD' } } },
      'currency_mismatch',
      'platformFee.amount.currency',
    ],
    [
      'a rule about a stranger',
      { ...MARKET, refundAllocation: { rule: 'participant_first', participant: 'x' } },
      'participant_unknown',
      'refundAllocation.participant',
    ],
    [
      'a fee of nobody’s shares',
      { platformFee: MARKET.platformFee },
      'field_invalid',
      'platformFee',
    ],
  ])('are refused when they are %s, with the field', (_, asked, reason, field) => {
    expect(fault(asked)).toEqual([reason, field]);
  });

  it('are refused alike when they come by Kafka, or become part of the request', () => {
    const ask = (more: object) => {
      const value = Buffer.from(JSON.stringify({ ...placed, ...more }));
      const message = readOrderMessage('storefront.orders.v1', 'OrderPlaced', value, STOREFRONTS);
      if (!message.ok) throw new Error(message.error);
      const meta = { id: 'e', at: '2026-03-01T12:00:00.000Z', latestAttempt: 1 };
      return toRequest(message.message, meta, STOREFRONTS);
    };
    expect(ask({ splits: [MARKET.splits[1], MARKET.splits[1]] })).toMatchObject({
      refused: { reason: 'participant_repeated', field: 'splits.1.participant' },
    });
    expect(ask(MARKET)).toMatchObject({
      request: { splits: { refunds: { rule: 'participant_first' } } },
    });
  });

  it('are checked field by field in the body of a request', async () => {
    const faults = async (body: object) =>
      (await validate(plainToInstance(PlaceIntentDto, { ...placed, ...body }))).flatMap(pathsOf);
    expect(await faults(MARKET)).toEqual([]);
    expect(await faults({ splits: [{ participant: 'a', basisPoints: 10_001 }] })).toEqual([
      'splits.0.basisPoints',
    ]);
    expect(await faults({ splits: [{ amount: { minor: '1.5', currency: 'EUR' } }] })).toEqual([
      'splits.0.participant',
      'splits.0.amount.minor',
    ]);
    expect(await faults({ platformFee: 3, refundAllocation: { rule: 'nobody' } })).toEqual([
      'platformFee',
      'refundAllocation.rule',
    ]);
  });
});

function pathsOf({ property, children }: ValidationError): string[] {
  if (!children || children.length === 0) return [property];
  return children.flatMap(pathsOf).map((path) => `${property}.${path}`);
}
