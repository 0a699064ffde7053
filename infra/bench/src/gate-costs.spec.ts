import { losses, type GateCounters } from './gate-costs.js';

const checkedIn: GateCounters = {
  payments: { batch: 256, roundTrips: 2 / 256, walBytes: 3000 },
  evidence: { batch: 64, roundTrips: 1 / 64, walBytes: 1500 },
};
const withWal = (walBytes: number) => ({
  ...checkedIn,
  payments: { ...checkedIn.payments, walBytes },
});

test('a tenth more passes, and so does less', () => {
  expect(losses(checkedIn, checkedIn)).toEqual([]);
  expect(losses(checkedIn, withWal(3299))).toEqual([]);
  expect(losses(checkedIn, withWal(1000))).toEqual([]);
});

test('more than a tenth is named with both figures', () => {
  expect(losses(checkedIn, withWal(3600))).toEqual([
    'payments: 3600 walBytes a row, 20 % more than the 3000 checked in',
  ]);
});

test('one more round trip a batch is a loss', () => {
  const evidence = { ...checkedIn.evidence, roundTrips: 2 / 64 };
  expect(losses(checkedIn, { ...checkedIn, evidence })).toEqual([
    'evidence: 0.03125 roundTrips a row, 100 % more than the 0.01563 checked in',
  ]);
});
