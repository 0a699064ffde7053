import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { Cluster } from './cluster.js';
import { reasonOf } from './fault.js';
import type { Logger } from './logger.js';
import { LOAD_MEMBER, SAVE_MEMBER } from './members.sql.js';

const atLoadMember = crossing('kafka.load-member');
const atSaveMember = crossing('kafka.save-member');
const atEvictMember = crossing('kafka.evict-member');

/** Remembers under which member id an instance last joined a group, so that its successor can take it out. */
export interface MemberStore {
  load(group: string, instance: string): Promise<string | undefined>;
  save(group: string, instance: string, memberId: string): Promise<void>;
}

/** Member ids in the service's own database; the table comes from `CONSUMER_MEMBERS_SQL`. */
export function postgresMembers(pool: Pool): MemberStore {
  return {
    async load(group, instance) {
      const { rows } = await atLoadMember(() =>
        pool.query<{ member_id: string }>(LOAD_MEMBER, [group, instance]),
      );
      return rows[0]?.member_id;
    },
    async save(group, instance, memberId) {
      await atSaveMember(() => pool.query(SAVE_MEMBER, [group, instance, memberId]));
    },
  };
}

/**
 * After kill -9 the dead member stays in its group until its session ends, and the restarted one makes the whole group
 * wait for it: 5 to 10 s (measured), under 0.8 s when it is taken out first. If the old one is alive after all it
 * joins again, and the compare-and-set of offsets keeps it harmless.
 */
export async function evictPredecessor(
  cluster: Cluster,
  members: MemberStore,
  group: string,
  instance: string,
  logger: Logger | undefined,
): Promise<void> {
  try {
    const memberId = await members.load(group, instance);
    if (memberId === undefined) return;
    const coordinator = await cluster.findGroupCoordinator({ groupId: group });
    await atEvictMember(() => coordinator.leaveGroup({ groupId: group, memberId }));
    logger?.info({ group, instance, memberId }, 'took the dead predecessor out of the group');
  } catch (error) {
    // It left by itself, or the store is away: the group then waits for its session to end.
    logger?.debug({ group, instance, error: reasonOf(error) }, 'no predecessor taken out');
  }
}
