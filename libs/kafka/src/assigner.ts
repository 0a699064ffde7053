import { createHash } from 'node:crypto';
import { AssignerProtocol, type GroupMember, type PartitionAssigner } from 'kafkajs';
import { KafkaFault } from './fault.js';

const NAME = 'CoPartition';
const VERSION = 1;

/**
 * Which instance reads which partition: rendezvous hashing, balanced to within one partition. The same names give the
 * same map, whoever computes it, and a name that comes or goes moves few partitions of the others.
 */
export function place(instances: readonly string[], partitions: number): Map<string, number[]> {
  const placed = new Map([...instances].sort().map((instance) => [instance, [] as number[]]));
  const floor = Math.floor(partitions / Math.max(placed.size, 1));
  let extras = partitions % Math.max(placed.size, 1);
  const taken = new Set<number>();
  for (const { instance, partition } of ranked([...placed.keys()], partitions)) {
    const mine = placed.get(instance) as number[];
    if (taken.has(partition) || mine.length > floor) continue;
    if (mine.length === floor) {
      if (extras === 0) continue;
      extras -= 1;
    }
    mine.push(partition);
    taken.add(partition);
  }
  for (const mine of placed.values()) mine.sort((a, b) => a - b);
  return placed;
}

function ranked(instances: readonly string[], partitions: number) {
  return instances
    .flatMap((instance) =>
      Array.from({ length: partitions }, (_, partition) => ({
        instance,
        partition,
        score: createHash('sha256').update(`${partition}/${instance}`).digest('hex'),
      })),
    )
    .sort((a, b) => (a.score < b.score ? -1 : 1));
}

/** Two members of one name (a rolling restart, a wrong configuration) both get partitions. */
export function uniqueNames(
  members: readonly { memberId: string; instance: string }[],
): Map<string, string> {
  const byName = new Map<string, string>();
  const inOrder = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  for (const { memberId, instance } of inOrder) {
    let name = instance;
    for (let copy = 2; byName.has(name); copy += 1) name = `${instance}#${copy}`;
    byName.set(name, memberId);
  }
  return byName;
}

/**
 * kafkajs's round robin gives partition 3 of two topics to different members. With this one partition n of every topic
 * is read by the same member, so that a lane has one reader, and a restarted instance gets its partitions back.
 *
 * @param sameCounts topics with different partition counts are an error, not just placed apart.
 */
export function coPartition(instance: string, sameCounts: boolean): PartitionAssigner {
  return ({ cluster, groupId }) => {
    const { findTopicPartitionMetadata } = cluster as unknown as {
      findTopicPartitionMetadata(topic: string): readonly unknown[];
    };
    return {
      name: NAME,
      version: VERSION,
      protocol: ({ topics }) => ({
        name: NAME,
        metadata: AssignerProtocol.MemberMetadata.encode({
          version: VERSION,
          topics,
          userData: Buffer.from(JSON.stringify({ instance })),
        }),
      }),
      assign: async ({ members, topics }) => {
        const counts = topics.map((topic) => ({
          topic,
          partitions: findTopicPartitionMetadata.call(cluster, topic).length,
        }));
        if (sameCounts) refuseDifferentCounts(groupId, counts);
        return assignmentsOf(uniqueNames(members.map(nameOf)), counts);
      },
    };
  };
}

interface Counted {
  readonly topic: string;
  readonly partitions: number;
}

function assignmentsOf(byName: Map<string, string>, counts: readonly Counted[]) {
  const names = [...byName.keys()];
  const placedBy = new Map(counts.map(({ partitions }) => [partitions, place(names, partitions)]));
  return [...byName].map(([name, memberId]) => ({
    memberId,
    memberAssignment: AssignerProtocol.MemberAssignment.encode({
      version: VERSION,
      assignment: Object.fromEntries(
        counts.map(({ topic, partitions }) => [topic, placedBy.get(partitions)?.get(name) ?? []]),
      ),
      userData: Buffer.alloc(0),
    }),
  }));
}

function refuseDifferentCounts(group: string, counts: readonly Counted[]): void {
  if (new Set(counts.map(({ partitions }) => partitions)).size <= 1) return;
  const seen = counts.map(({ topic, partitions }) => `${topic}: ${partitions}`).join(', ');
  const why =
    `the topics of group ${group} must have the same partition count (${seen}): ` +
    'provision a topic version with the count of the others';
  throw new KafkaFault('partition_counts_differ', 'connect', false, why);
}

function nameOf({ memberId, memberMetadata }: GroupMember): { memberId: string; instance: string } {
  const decoded = AssignerProtocol.MemberMetadata.decode(memberMetadata);
  const { instance } = JSON.parse(decoded?.userData.toString() ?? '{}') as { instance?: string };
  return { memberId, instance: instance ?? memberId };
}
