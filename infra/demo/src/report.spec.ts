import type { Outcome } from './demo.js';
import { brokenPromises } from './report.js';

const good: Outcome = {
  payments: { captured: 1 },
  webhooks: { sent: 3, accepted: 2, duplicates: 1, rejected: 0, lost: 0 },
  fulfillment: { released: 1, releasedTwice: 0 },
  gateway: { capturedTwice: 0 },
  ledger: { entries: 1, imbalance: { EUR: '0' } },
  reconciliation: { matched: 1, planted: ['ch_1'], found: ['ch_1'], invented: [] },
  deadLetters: {},
  parked: { now: 0, replayed: 0 },
  rebuild: { postgres: 'equal', kafka: 'equal' },
  verify: 'ok',
  counted: { payments: 1, evidence: 2 },
  scenarios: new Map([['automatic_capture', []]]),
};

describe('promises', () => {
  it('are all kept when nothing says otherwise', () => {
    expect(brokenPromises(good)).toEqual([]);
  });

  it.each<[string, Partial<Outcome>]>([
    ['1 webhooks are lost', { webhooks: { ...good.webhooks, accepted: 1, lost: 1 } }],
    ['webhooks do not add up', { webhooks: { ...good.webhooks, sent: 4 } }],
    ['1 orders were released twice', { fulfillment: { released: 2, releasedTwice: 1 } }],
    ['1 payments were captured twice', { gateway: { capturedTwice: 1 } }],
    ['off by -5 EUR', { ledger: { entries: 1, imbalance: { EUR: '-5' } } }],
    ['1 discrepancies, 0 found', { reconciliation: { ...good.reconciliation, found: [] } }],
    ['nobody planted: ch_9', { reconciliation: { ...good.reconciliation, invented: ['ch_9'] } }],
    ['2 messages are still parked', { parked: { now: 2, replayed: 0 } }],
    ['from kafka is different', { rebuild: { postgres: 'equal', kafka: 'different' } }],
    ['verify: lane 1', { verify: 'lane 1' }],
    ['void: still held', { scenarios: new Map([['void', ['still held']]]) }],
  ])('are broken: %s', (sentence, change) => {
    const broken = brokenPromises({ ...good, ...change });
    expect(broken.join('\n')).toContain(sentence);
  });
});
