import type { Fact } from './fact.js';

const pascal = (snake: string): string =>
  snake
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** What a fact is called as an event: kind and outcome in whole words, such as `CaptureSucceeded` or `DisputeWon`. */
export function eventName(fact: Fact): string {
  switch (fact.type) {
    case 'terms':
      return 'PaymentTermsAgreed';
    case 'operation':
      return pascal(fact.kind) + pascal(fact.outcome);
    case 'dispute':
      return pascal(`dispute_${fact.outcome}`);
    case 'alias':
      return 'AliasRecorded';
    case 'total':
      return 'TotalReported';
    case 'retraction':
      return 'FactRetracted';
    case 'origin':
      return 'PaymentDiscovered';
    case 'adoption':
      return 'PaymentAdopted';
  }
}
