import { refusal, refusedByGateway } from './refusals.js';

describe('what the gateway refuses', () => {
  it('is told as our own refusal where it only knew of the reason before us', () => {
    expect(refusedByGateway('disputed')).toEqual(refusal('disputed'));
  });

  it('keeps the gateway’s own code otherwise, also where that is a name every object has', () => {
    expect(refusedByGateway('amount_too_large').reason).toBe('amount_too_large');
    expect(refusedByGateway('toString')).toMatchObject({ reason: 'toString', retryable: false });
  });
});
