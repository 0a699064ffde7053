import { PAYMENT_PARTITIONS, partitionOf } from '@paylog/contracts';
import type { Told } from './fact-feed.js';
import { idsOf } from './payment-histories.js';
import { TEN_FACTS } from './told-histories.js';

export const FACTS_A_PAYMENT = 10;
/** Of each payment, in one batch: its facts come over a while, never all at once. */
const FACTS_A_TURN = 3;

/** What is told of some payments from their fact `known` on, batch by batch, each of one partition. */
export function turnsOf(
  numbers: readonly number[],
  known: number,
): { readonly partition: number; readonly told: readonly Told[] }[] {
  const payments = numbers.map((number) => toldOf(number, known));
  const turns = [];
  for (let at = 0; at < FACTS_A_PAYMENT - known; at += FACTS_A_TURN) {
    for (let partition = 0; partition < PAYMENT_PARTITIONS; partition++) {
      const here = payments.filter(({ lane }) => lane === partition);
      const told = here.flatMap((payment) => payment.told.slice(at, at + FACTS_A_TURN));
      if (told.length > 0) turns.push({ partition, told });
    }
  }
  return turns;
}

function toldOf(number: number, known: number): { lane: number; told: Told[] } {
  const ids = idsOf(number, FACTS_A_PAYMENT);
  const facts = TEN_FACTS[number % TEN_FACTS.length]?.facts(ids).slice(known) ?? [];
  const paymentId = ids.payment;
  return { lane: partitionOf(paymentId), told: facts.map((fact) => ({ paymentId, fact })) };
}
