import { recoveryOf } from './result.js';

describe('the recovery times', () => {
  it('are the middle one and the worst, in tenths of a second', () => {
    expect(recoveryOf([3.14, 1, 20.06])).toEqual({ p50: 3.1, max: 20.1 });
  });

  it('are nothing when there was no round', () => {
    expect(recoveryOf([])).toEqual({ p50: 0, max: 0 });
  });
});
