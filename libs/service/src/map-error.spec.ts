import { Overloaded } from '@paylog/event-sourcing';
import { mapError } from './map-error.js';

describe('faults of shared parts, as problems', () => {
  it.each([
    ['a lost database', Object.assign(new Error('away'), { code: 'ECONNREFUSED' })],
    ['a full queue', new Overloaded(4096)],
  ])('%s is 503 with Retry-After', (_, error) => {
    const problem = mapError(error);
    expect(problem?.document.status).toBe(503);
    expect(problem?.retryAfter).toBe(1);
  });

  it('anything else is somebody else’s to judge', () => {
    expect(mapError(new TypeError('a mistake'))).toBeUndefined();
  });
});
