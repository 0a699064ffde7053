import { PureRun } from '../testing/pure-run.js';
import { fromRow, toRow } from './rows.js';

describe('rows of the log', () => {
  it('read back as the messages they were written from', async () => {
    const run = new PureRun();
    run.place({ captureMode: 'manual' });
    await run.settle();
    run.ask({ type: 'capture', reference: 'parcel' });
    run.ask({ type: 'capture', reference: 'another' });
    run.place({ minor: 2000n });
    run.ask({ type: 'cancel', reason: 'changed mind' });
    await run.settle();
    const types = new Set(run.rows.map(({ message }) => message.type));
    expect([...types].sort()).toEqual([
      'FactRecorded',
      'IntentAccepted',
      'IntentConflicted',
      'IntentRefused',
      'OrderMessageAccepted',
    ]);
    for (const { message, at } of run.rows) {
      const row = toRow(message, { at, id: 'event-1' });
      const place = { lane: 0, position: 0n, stream: run.paymentId, version: 1, key: 'k' };
      const read = fromRow({ ...row, ...place, digest: Buffer.alloc(32) });
      expect(read).toEqual({ message, at, causedBy: 'event-1' });
    }
  });

  it('hold nothing private', () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_visa' });
    const bytes = run.rows.map(({ message, at }) => toRow(message, { at, id: 'event-1' }).data);
    expect(Buffer.concat(bytes).toString()).not.toContain('pm_card_visa');
  });

  it('that can’t be read stop the payment with words an engineer can use', () => {
    const row = {
      id: 'fct1',
      type: 'IntentPondered',
      schemaVersion: 1,
      source: 'paylog/intent',
      time: '2026-03-01T12:00:00.000Z',
      data: Buffer.from('{}'),
      lane: 0,
      position: 0n,
      stream: 'pay1',
      version: 7,
      key: 'k',
      digest: Buffer.alloc(32),
    };
    expect(() => fromRow(row)).toThrow('row 7 of pay1');
  });
});
