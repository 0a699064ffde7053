import { blockHashOf, GENESIS } from '../digests.js';
import type { LogEvidence, StoredBlock, StoredRow, TopicEvidence } from '../evidence.js';
import { partitionOf } from '../partition.js';
import { type Check, groupedBy, short } from './check.js';

const nameOf = ({ place }: LogEvidence) => `${place.service}/${place.schema}`;

/** `versions-gapless`: each stream of each log, and of its topic, has the versions 1 to n, and nothing under two of them. */
export const versionsGapless: Check = ({ logs, topics }) => [
  ...logs.flatMap((log) => versionProblems(nameOf(log), log.rows)),
  ...logs.flatMap(repeatedRows),
  ...topics.flatMap(({ topic, messages }) => {
    const rows = messages.flatMap(({ row }) => row ?? []);
    const once = new Map(rows.map((row) => [`${row.lane}/${row.position}/${row.id}`, row]));
    return versionProblems(topic, [...once.values()]);
  }),
];

function versionProblems(
  name: string,
  rows: readonly Pick<StoredRow, 'stream' | 'version'>[],
): string[] {
  const streams = groupedBy(rows, ({ stream }) => stream);
  return [...streams].flatMap(([stream, some]) => {
    const versions = some.map(({ version }) => version).sort((a, b) => a - b);
    const at = versions.findIndex((version, index) => version !== index + 1);
    if (at < 0) return [];
    return [`${name}, stream ${stream}: version ${at + 1} expected, ${versions[at]} found`];
  });
}

/** A duplicate leaves nothing: what has an id is in a log once. */
function repeatedRows(log: LogEvidence): string[] {
  return [...groupedBy(log.rows, ({ id }) => id)]
    .filter(([, rows]) => rows.length > 1)
    .map(([id, rows]) => {
      const places = rows.map(({ stream, version }) => `${stream} version ${version}`);
      return `${nameOf(log)}: ${id} is there ${rows.length} times, as ${places.join(' and ')}`;
    });
}

/** `positions-gapless`: each lane has the positions 0 to n - 1, and a partition tells them in this order. */
export const positionsGapless: Check = ({ logs, topics }) => [
  ...logs.flatMap((log) => log.heads.flatMap((head) => laneProblem(log, head))),
  ...logs.flatMap(strayRows),
  ...topics.flatMap(orderProblems),
];

function laneProblem(log: LogEvidence, { lane, next }: { lane: number; next: number }): string[] {
  const positions = log.rows.filter((row) => row.lane === lane).map(({ position }) => position);
  const at = positions.findIndex((position, index) => position !== index);
  const about = `${nameOf(log)}, lane ${lane}:`;
  if (at >= 0) return [`${about} position ${at} expected, ${positions[at]} found`];
  if (positions.length === next) return [];
  return [
    `${about} the head says that ${next} comes next, the rows end before ${positions.length}`,
  ];
}

function strayRows(log: LogEvidence): string[] {
  const lanes = new Set(log.heads.map(({ lane }) => lane));
  return log.rows
    .filter(({ lane }) => !lanes.has(lane))
    .map(({ lane, position }) => `${nameOf(log)}: row ${lane}/${position} is in no lane`);
}

function orderProblems({ topic, messages }: TopicEvidence): string[] {
  const byPartition = groupedBy(messages, ({ partition }) => partition);
  return [...byPartition].flatMap(([partition, some]) => {
    let expected = 0;
    for (const { row, offset } of some) {
      if (!row || row.position < expected) continue;
      if (row.position > expected) {
        return [
          `${topic}/${partition}: position ${expected} expected, ${row.position} found at offset ${offset}`,
        ];
      }
      expected += 1;
    }
    return [];
  });
}

/** `chains-verify`: rows give their digests, digests the hashes of their blocks, and blocks the head. */
export const chainsVerify: Check = ({ logs }) =>
  logs.flatMap((log) => [
    ...editedRows(log),
    ...log.heads.flatMap((head) => chainProblem(log, head)),
  ]);

function editedRows(log: LogEvidence): string[] {
  return log.rows
    .filter(({ digest, recomputed }) => digest !== recomputed)
    .map(
      ({ lane, position, stream, type, digest, recomputed }) =>
        `${nameOf(log)}, row ${lane}/${position} (${type} of ${stream}): digest ${short(digest)}, its columns give ${short(recomputed)}`,
    );
}

function chainProblem(log: LogEvidence, head: { lane: number; next: number; hash: string }) {
  const { lane } = head;
  const rows = log.rows.filter((row) => row.lane === lane);
  let hash = GENESIS;
  let next = 0;
  for (const block of log.blocks.filter((one) => one.lane === lane)) {
    const problem = blockProblem(block, { hash, next }, rows);
    if (problem !== undefined) return [`${nameOf(log)}, lane ${lane}: ${problem}`];
    ({ hash } = block);
    next = block.first + block.count;
  }
  if (head.hash === hash && head.next === next) return [];
  return [
    `${nameOf(log)}, lane ${lane}: the head is ${head.next} ${short(head.hash)}, the last block ends with ${next} ${short(hash)}`,
  ];
}

function blockProblem(
  block: StoredBlock,
  before: { hash: string; next: number },
  rows: readonly StoredRow[],
): string | undefined {
  const { first, count, previous, hash } = block;
  if (first !== before.next) return `a block begins at ${first} instead of ${before.next}`;
  if (previous !== before.hash) return `the block at ${first} does not follow from the one before`;
  const own = rows.slice(first, first + count);
  const digests = own.map(({ digest }) => digest);
  if (blockHashOf(previous, first, digests) === hash && own.length === count) return undefined;
  return `the rows ${first} to ${first + count - 1} do not give the hash of their block`;
}

/** `log-equals-topic`: every row is a message and every message is a row, the same to the byte. */
export const logEqualsTopic: Check = ({ logs, topics }) =>
  logs.flatMap((log) => {
    const { topic } = log.place;
    if (topic === undefined) return [];
    const evidence = topics.find((one) => one.topic === topic);
    return evidence ? differences(log, evidence) : [`${topic} was not read`];
  });

function differences(log: LogEvidence, { topic, partitions, messages }: TopicEvidence): string[] {
  const stored = new Map(log.rows.map((row) => [`${row.lane}/${row.position}`, row]));
  const told = new Set<string>();
  const found: string[] = [];
  for (const { partition, offset, key, row } of messages) {
    const at = `${topic}/${partition} at offset ${offset}`;
    if (!row) {
      found.push(`${at}: no row of a log`);
      continue;
    }
    const place = `${row.lane}/${row.position}`;
    told.add(place);
    const own = stored.get(place);
    if (row.digest !== row.recomputed) found.push(`${at}: the message of row ${place} was changed`);
    else if (!own) found.push(`${at}: row ${place} (${row.type}, ${row.id}) is not in the log`);
    else if (own.digest !== row.digest)
      found.push(`${at}: row ${place} is ${row.id} there, ${own.id} in the log`);
    if (row.lane !== partition) found.push(`${at}: a row of lane ${row.lane}`);
    if (key === undefined || partitionOf(key, partitions) !== partition)
      found.push(`${at}: the key ${key} belongs to another partition`);
  }
  for (const [place, { type, id }] of stored) {
    if (!told.has(place))
      found.push(`${topic} lacks row ${place} (${type}, ${id}) of ${nameOf(log)}`);
  }
  return found;
}
