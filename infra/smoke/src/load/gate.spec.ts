import { Gate } from './gate.js';

describe('the gate', () => {
  it('lets everybody through while it is open', async () => {
    const gate = new Gate();
    expect(await Promise.all([1, 2].map((each) => gate.through(async () => each)))).toEqual([1, 2]);
  });

  it('is closed when those inside have finished, however they end', async () => {
    const gate = new Gate();
    const log: string[] = [];
    let finish = () => {};
    const inside = gate.through(
      () =>
        new Promise<void>((_resolve, reject) => {
          finish = () => {
            log.push('finished');
            reject(new Error('broken'));
          };
        }),
    );
    const ended = expect(inside).rejects.toThrow('broken');
    const closing = gate.close().then(() => log.push('closed'));
    finish();
    await Promise.all([ended, closing]);
    expect(log).toEqual(['finished', 'closed']);
  });

  it('keeps everybody outside until it is opened again', async () => {
    const gate = new Gate();
    await gate.close();
    const log: string[] = [];
    const waiting = gate.through(async () => void log.push('inside'));
    await Promise.resolve();
    log.push('opened');
    gate.open();
    await waiting;
    expect(log).toEqual(['opened', 'inside']);
  });
});
