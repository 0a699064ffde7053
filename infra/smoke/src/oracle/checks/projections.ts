import { isDeepStrictEqual } from 'node:util';
import type { Evidence, VersionedState } from '../evidence.js';
import type { Check } from './check.js';

/** `live-equals-rebuilt`: what is answered is what the history gives, by Postgres, by Kafka, and in every copy. */
export const liveEqualsRebuilt: Check = (evidence) => [
  ...rebuildProblems(evidence),
  ...stateProblems('the log', evidence.lastInLog, evidence.projected),
  ...stateProblems('the topic', evidence.lastInTopic, evidence.projected),
  ...copyProblems(evidence),
];

function rebuildProblems({ rebuilt }: Evidence): string[] {
  return rebuilt.flatMap(({ from, equal, said }) => {
    if (equal === undefined) return [`the rebuild from ${from} failed: ${said.join(' ')}`];
    if (equal) return [];
    return said.map((difference) => `the rebuild from ${from} differs: ${difference}`);
  });
}

function stateProblems(
  source: string,
  last: readonly VersionedState[],
  projected: readonly VersionedState[],
): string[] {
  const held = new Map(projected.map((one) => [one.paymentId, one]));
  const told = new Set(last.map(({ paymentId }) => paymentId));
  return [
    ...last.flatMap(({ paymentId, version, state }) => {
      const own = held.get(paymentId);
      if (!own) return [`payment ${paymentId} is in ${source} and not in the read model`];
      if (own.version !== version) {
        return [
          `payment ${paymentId} is at version ${own.version} in the read model, ${version} in ${source}`,
        ];
      }
      if (isDeepStrictEqual(own.state, state)) return [];
      const tell = (one: VersionedState['state']) => `${one.label} ${JSON.stringify(one.amounts)}`;
      return [
        `payment ${paymentId} is ${tell(own.state)} in the read model, ${tell(state)} in ${source}`,
      ];
    }),
    ...projected
      .filter(({ paymentId }) => !told.has(paymentId))
      .map(({ paymentId }) => `payment ${paymentId} is in the read model and not in ${source}`),
  ];
}

/** Other services keep the state of each payment too; nothing of it may have passed them by. */
function copyProblems({ copies, lastInLog }: Evidence): string[] {
  const services = [...new Set(copies.map(({ service }) => service))];
  return services.flatMap((service) => {
    const own = new Map(
      copies.filter((copy) => copy.service === service).map((copy) => [copy.paymentId, copy]),
    );
    return lastInLog.flatMap(({ paymentId, version }) => {
      const known = own.get(paymentId)?.version ?? 0;
      if (known === version) return [];
      return [`${service} knows payment ${paymentId} up to version ${known} of ${version}`];
    });
  });
}
