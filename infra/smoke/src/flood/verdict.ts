import { setTimeout as sleep } from 'node:timers/promises';
import { movingIn } from '../oracle/checks/motion.js';
import type { Evidence, Motion } from '../oracle/evidence.js';
import { gatherAtRest } from '../oracle/gather.js';
import { violationOf, violationsIn } from '../oracle/judge.js';
import { readMotion } from '../oracle/read-motion.js';
import type { Violation, Witness } from '../witness.js';

/** Whose payment it is: one of the load's orders, or one that only the flood has told of. */
export type IsOurs = (paymentId: string) => boolean;

/** What only the flood has brought. */
export interface Flooded {
  readonly webhook: (sha256: string) => boolean;
  readonly message: (topic: string, partition: number, offset: number) => boolean;
}

const LOOK_EVERY_MS = 1_000;

/** Waits until every message was read and nothing is on its way; what the flood made up may wait for ever. */
export async function untilStill(
  witness: Witness,
  isOurs: IsOurs,
  {
    deadlineMs,
    signal,
    tell,
  }: { deadlineMs: number; signal: AbortSignal; tell: (line: string) => void },
): Promise<Violation[]> {
  const end = Date.now() + deadlineMs;
  let before = '';
  for (let look = 1; ; look++) {
    const motion = ofOurs(await readMotion(witness), isOurs);
    const moving = movingIn(motion);
    const print = JSON.stringify([...motion.ends, motion.services]);
    if (moving.length === 0 && print === before) return [];
    if (Date.now() > end) {
      return violationOf('nothing-stuck', moving.length > 0 ? moving : ['positions still grow']);
    }
    if (look % 10 === 0) tell(`  not still yet: ${moving.length} on the way, ${moving[0] ?? ''}`);
    before = print;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

function ofOurs(motion: Motion, isOurs: IsOurs): Motion {
  return {
    ...motion,
    services: motion.services.map((service) => ({
      ...service,
      due: service.due.filter((what) => isOurs(what.split(' ')[0] ?? '')),
    })),
  };
}

/**
 * The oracle's judgement of everything that the load's orders came to. Logs, chains, topics and the ledger are judged
 * whole, the flood's leavings included: what was half applied would show there.
 */
export async function judgeOurs(
  witness: Witness,
  isOurs: IsOurs,
  flooded: Flooded,
): Promise<Violation[]> {
  const evidence = await gatherAtRest(witness);
  const ours = <T extends { readonly paymentId: string }>(some: readonly T[]) =>
    some.filter(({ paymentId }) => isOurs(paymentId));
  const strange = new Set(
    evidence.webhooks.filter(({ sha256 }) => flooded.webhook(sha256)).map(({ id }) => id),
  );
  const topics = evidence.topics.map((topic) => ({
    ...topic,
    messages: topic.messages.filter(
      ({ row, partition, offset }) =>
        row !== undefined || !flooded.message(topic.topic, partition, offset),
    ),
  }));
  const judged: Evidence = {
    ...evidence,
    topics,
    projected: ours(evidence.projected),
    lastInLog: ours(evidence.lastInLog),
    lastInTopic: ours(evidence.lastInTopic),
    copies: ours(evidence.copies),
    goods: ours(evidence.goods),
    intentMessages: ours(evidence.intentMessages),
    motion: ofOurs(evidence.motion, isOurs),
  };
  const parked = evidence.parked.filter(
    ({ evidenceId }) => evidenceId === undefined || !strange.has(evidenceId),
  );
  return [
    ...violationsIn(judged, witness).filter(({ invariant }) => invariant !== 'nothing-parked'),
    ...violationsIn({ ...judged, parked }, witness).filter(
      ({ invariant }) => invariant === 'nothing-parked',
    ),
  ];
}
