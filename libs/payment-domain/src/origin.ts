import { byText, type StandingFacts } from './fact-set.js';
import type { Adoption, Origin, Payment } from './payment.js';

/** The id of a found payment follows from where it was found, so that whoever tells of it tells the same. */
export function originOf({ origins }: StandingFacts): Origin | undefined {
  if (!origins[0]) return undefined;
  const { mode, account, gateway, object } = origins[0];
  return { mode, account, gateway, object };
}

/** By time, then payment; absent where there is none, as nearly always. */
export function adoptionsOf({ adoptions }: StandingFacts): readonly Adoption[] | undefined {
  if (adoptions.length === 0) return undefined;
  return adoptions
    .map(({ type: _type, id: _id, source: _source, ...adoption }) => adoption)
    .sort((a, b) => byText(a.at, b.at) || byText(a.payment, b.payment));
}

/** A gateway has it, nobody asked for it, and nobody has said which order it belongs to. */
export function isUnclaimed({ terms, origin, adoptions }: Payment): boolean {
  return origin !== undefined && terms === undefined && adoptions === undefined;
}
