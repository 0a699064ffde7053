import { eventName } from './event-name.js';
import { alias, authorization, capture, retraction, terms, total } from './testing/facts.js';

it.each([
  [terms(100), 'PaymentTermsAgreed'],
  [capture('c', 'succeeded', 1), 'CaptureSucceeded'],
  [authorization('a', 'not_attempted'), 'AuthorizationNotAttempted'],
  [alias('a', 'b'), 'AliasRecorded'],
  [total('a', 1), 'TotalReported'],
  [retraction(total('a', 1)), 'FactRetracted'],
])('a fact is called by kind and outcome: %#', (fact, name) => {
  expect(eventName(fact)).toBe(name);
});
