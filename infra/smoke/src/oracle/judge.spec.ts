import { INVARIANTS } from '../witness.js';
import { CHECKS, violationOf } from './judge.js';
import { after, intent, projected, topic } from './testing/bite.js';
import { DECLINED, PAID } from './testing/clean.js';

describe('the oracle', () => {
  it('finds nothing where everything is as it must be', () => {
    expect(after(() => {})).toEqual({});
  });

  it('judges every promise but the one about recovery, which is for whoever did the harm', () => {
    expect([...Object.keys(CHECKS), 'services-recover']).toEqual([...INVARIANTS]);
  });

  it('excuses evidence that a backup did not have, and only that', () => {
    const at = Date.parse('2026-01-01T00:00:06.000Z');
    const lost = (from: number, to: number) =>
      after((scene) => {
        scene.evidence.webhooks = [];
        scene.excuses.push({ service: 'webhook-ingest', from, to });
      });
    expect(lost(at - 1_000, at + 1_000)['acked-webhook-stored']).toBeUndefined();
    expect(lost(at + 1, at + 1_000)['acked-webhook-stored']).toHaveLength(2);
    // The fact that was published from it stays a fact.
    expect(lost(at - 1_000, at + 1_000)['stored-webhook-applied']).toBeUndefined();
  });

  it('allows what may be: a repeated message, a repeated release of the same row, a recall', () => {
    expect(
      after((scene) => {
        const { messages } = topic(scene, 'fulfillment.events.v1');
        const [first] = messages;
        messages.push({ ...first!, offset: 7 });
        const [release] = scene.evidence.goods;
        scene.evidence.goods.push({ ...release! });
        scene.evidence.goods.push({ ...release!, place: '0/5', type: 'FulfillmentRecalled' });
      }),
    ).toEqual({});
  });

  it('does not ask for goods of a cancelled order, nor for the end of one that waits to be captured', () => {
    expect(
      after((scene) => {
        scene.evidence.goods.splice(0, 1);
        scene.evidence.intentMessages.push({
          paymentId: PAID,
          type: 'OrderMessageAccepted',
          data: { kind: 'cancelled' },
        });
        const { state } = projected(scene, DECLINED);
        const held = { authorized: '1000', captured: '0', refunded: '0', voided: '0' };
        const { terms } = state;
        terms!.captureMode = 'manual';
        Object.assign(state, { final: false, label: 'authorized', amounts: held });
        const told = { status: 'requires_capture', authorizations: 1, amountCapturable: 1000 };
        Object.assign(intent(scene, DECLINED), told);
        scene.evidence.lastInLog = scene.evidence.projected;
        scene.evidence.lastInTopic = scene.evidence.projected;
      }),
    ).toEqual({});
  });

  it('says at most five things about one promise, and how much more there is', () => {
    const found = Array.from({ length: 7 }, (_, index) => `thing ${index}`);
    expect(violationOf('captured-once', found)).toEqual([
      {
        invariant: 'captured-once',
        examples: ['thing 0', 'thing 1', 'thing 2', 'thing 3', 'and 3 more'],
      },
    ]);
  });
});
