import { proveThatItBites } from '../testing/bite.js';
import { PAID } from '../testing/clean.js';

proveThatItBites([
  [
    'an entry is not balanced',
    'ledger-balanced',
    /entry ent1 is off by -1 EUR/,
    ({ evidence }) => (evidence.entries[0]!.lines[0]!.minor = '999'),
  ],
  [
    'an entry is booked otherwise than published',
    'ledger-balanced',
    /entry ent2 is booked as EUR: credit payable:shop 1, .*, published as EUR: credit payable:shop 600/,
    ({ evidence }) => {
      evidence.entries = structuredClone(evidence.entries);
      for (const line of evidence.entries[1]!.lines) line.minor = '1';
    },
  ],
  [
    'an entry was never published',
    'ledger-balanced',
    /entry ent1 is booked and was never published/,
    ({ evidence }) => evidence.publishedEntries.splice(0, 1),
  ],
  [
    'an entry was published and not booked',
    'ledger-balanced',
    /entry ent1 is published and not booked/,
    ({ evidence }) => evidence.entries.splice(0, 1),
  ],
  [
    'a balance is not the sum of its lines',
    'ledger-balanced',
    /the balance of payable:shop in EUR is -1601, its lines give -1600/,
    ({ evidence }) => (evidence.balances[1]!.minor = '-1601'),
  ],
  [
    'a participant has less than is theirs',
    'ledger-balanced',
    /payable:shop\/seller has EUR -80 at rest/,
    ({ evidence }) => {
      const lines = [
        { account: 'payable:shop', side: 'debit' as const, minor: '80' },
        { account: 'payable:shop/seller', side: 'credit' as const, minor: '80' },
      ];
      evidence.entries.push({ entryId: 'ent-share', paymentId: PAID, currency: 'EUR', lines });
    },
  ],
  [
    'a payment was posted twice',
    'ledger-balanced',
    /the ledger owes 2000 for payment pay1, whose state says 1000/,
    ({ evidence }) => {
      const [entry] = evidence.entries;
      evidence.entries.push({ ...entry!, entryId: 'ent9' });
    },
  ],
]);
