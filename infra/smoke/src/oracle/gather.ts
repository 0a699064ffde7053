import { type Ask, atOneMoment } from './database.js';
import type { Evidence, Motion, ServiceMotion } from './evidence.js';
import { LOG_PLACES, SERVICES } from './places.js';
import { readLog, readParked } from './read-logs.js';
import { printOf, readMotion, readServiceMotion } from './read-motion.js';
import { readTruth } from './read-sandbox.js';
import {
  readBalances,
  readCopies,
  readEntries,
  readIntentMessages,
  readLastStates,
  readProjected,
  readPublishedEntries,
  readToldFacts,
  readWebhooks,
} from './read-services.js';
import { readTopics } from './read-topics.js';
import { rebuildBoth } from './rebuild.js';
import type { Witness } from '../witness.js';

const REBUILT_SERVICE = 'payment-state';

type OfService = Omit<
  Evidence,
  'topics' | 'lastInTopic' | 'goods' | 'truth' | 'motion' | 'rebuilt'
> & { readonly motion: ServiceMotion };

/** Whoever never rests is judged as found. */
const ATTEMPTS_MAX = 3;

/**
 * Everything there is to see, seen while nothing moved: a clock of the system may start something after it was still, and
 * what is read before and after that contradicts itself.
 */
export async function gatherAtRest(witness: Witness): Promise<Evidence> {
  let motion = await readMotion(witness);
  for (let attempt = 1; ; attempt++) {
    const evidence = await gather(witness, motion);
    const after = await readMotion(witness);
    if (printOf(after) === printOf(motion) || attempt === ATTEMPTS_MAX) return evidence;
    motion = after;
  }
}

/** One pass, each database as of one moment. */
async function gather(witness: Witness, motion: Motion): Promise<Evidence> {
  const read = (service: string) =>
    atOneMoment(witness.databases[service] ?? '', (ask) => readService(ask, service));
  // First, for the rebuild puts another table in the place of the read model, and must not wait for us.
  const first = await read(REBUILT_SERVICE);
  const rest = SERVICES.filter((service) => service !== REBUILT_SERVICE);
  const [others, topics, truth, rebuilt] = await Promise.all([
    Promise.all(rest.map(read)),
    readTopics(witness.brokers),
    readTruth(witness.sandboxUrl),
    rebuildBoth(witness),
  ]);
  const databases = [first, ...others];
  const all = <T>(pick: (one: OfService) => readonly T[]): T[] => databases.flatMap(pick);
  return {
    logs: all(({ logs }) => logs),
    webhooks: all(({ webhooks }) => webhooks),
    facts: all(({ facts }) => facts),
    parked: all(({ parked }) => parked),
    intentMessages: all(({ intentMessages }) => intentMessages),
    projected: all(({ projected }) => projected),
    lastInLog: all(({ lastInLog }) => lastInLog),
    copies: all(({ copies }) => copies),
    entries: all(({ entries }) => entries),
    publishedEntries: all(({ publishedEntries }) => publishedEntries),
    balances: all(({ balances }) => balances),
    topics: topics.topics,
    lastInTopic: topics.lastStates,
    goods: topics.goods,
    truth,
    motion: { ...motion, services: databases.map((database) => database.motion) },
    rebuilt,
  };
}

async function readService(ask: Ask, service: string): Promise<OfService> {
  const logs: Evidence['logs'][number][] = [];
  const parked: Evidence['parked'][number][] = [];
  for (const place of LOG_PLACES.filter((one) => one.service === service)) {
    logs.push(await readLog(ask, place));
    parked.push(...(await readParked(ask, place)));
  }
  const only = async <T>(owner: string, read: (ask: Ask) => Promise<T[]>): Promise<T[]> =>
    owner === service ? read(ask) : [];
  return {
    logs,
    parked,
    webhooks: await only('webhook-ingest', readWebhooks),
    facts: await only('webhook-ingest', readToldFacts),
    intentMessages: await only('intent', readIntentMessages),
    projected: await only('payment-state', readProjected),
    lastInLog: await only('payment-state', readLastStates),
    copies: await readCopies(ask, service),
    entries: await only('reconciliation', readEntries),
    publishedEntries: await only('reconciliation', readPublishedEntries),
    balances: await only('reconciliation', readBalances),
    motion: await readServiceMotion(ask, service),
  };
}
