import { classifyDecline } from './declines.js';

describe('classifyDecline', () => {
  it.each([
    ['insufficient_funds', undefined, 'soft', true],
    ['lost_card', undefined, 'hard', false],
    ['generic_decline', undefined, 'hard', false],
    ['a_code_of_tomorrow', undefined, 'hard', false],
    ['expired_card', undefined, 'correctable', true],
    ['authentication_required', undefined, 'authenticate', true],
    // Advice goes before the code.
    ['insufficient_funds', 'do_not_try_again', 'hard', false],
    ['generic_decline', 'try_again_later', 'soft', true],
    ['generic_decline', 'confirm_card_data', 'correctable', true],
    ['insufficient_funds', 'advice_of_tomorrow', 'soft', true],
  ])('%s with advice %s is %s, retryable %s', (code, advice, declineClass, retryable) => {
    const decline = classifyDecline({ decline_code: code, advice_code: advice });
    expect(decline).toMatchObject({ declineCode: code, declineClass, retryable });
  });

  it('prefers the reason of the issuer to the code of the gateway', () => {
    const decline = { code: 'card_declined', decline_code: 'insufficient_funds' };
    expect(classifyDecline(decline).declineCode).toBe('insufficient_funds');
    expect(classifyDecline({ code: 'processing_error' }).declineCode).toBe('processing_error');
    expect(classifyDecline({}).declineClass).toBe('hard');
  });

  it('never tells the customer that a card is lost, stolen or suspected', () => {
    const keys = ['lost_card', 'stolen_card', 'fraudulent', 'pickup_card', 'generic_decline'].map(
      (code) => classifyDecline({ decline_code: code }).messageKey,
    );
    expect(new Set(keys).size).toBe(1);
  });
});
