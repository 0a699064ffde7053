import kafkajs from 'kafkajs';
import type { Broker, Cluster } from './cluster.js';
import { within } from './pause.js';

const LOOK_MS = 2_000;
const watched = new WeakSet<Broker>();

/**
 * kafkajs stays with the coordinator it joined at. When that one is gone, the group lives on at another broker without
 * this member, which goes on reading what is now others'; when it is frozen, each heartbeat holds up the reading. So a
 * heartbeat that fails for want of a connection looks whether the group has moved, and then says what Kafka would:
 * kafkajs joins again. Called after each join.
 */
export async function leaveLostCoordinator(cluster: Cluster, groupId: string): Promise<void> {
  const coordinator = await cluster.findGroupCoordinator({ groupId });
  if (watched.has(coordinator)) return;
  watched.add(coordinator);
  const beat = coordinator.heartbeat.bind(coordinator);
  let looking: Promise<Broker> | undefined;
  const look = () => {
    // A question that waits for absent brokers is not asked twice.
    looking ??= cluster.findGroupCoordinator({ groupId }).finally(() => (looking = undefined));
    return within(LOOK_MS, looking, undefined).catch(() => undefined);
  };
  coordinator.heartbeat = async (request) => {
    try {
      return await beat(request);
    } catch (error) {
      if (!(error instanceof kafkajs.KafkaJSConnectionError)) throw error;
      cluster.removeBroker(coordinator.connectionPool);
      const now = await look();
      if (now === undefined || now.nodeId === coordinator.nodeId) throw error;
      throw notCoordinator(error);
    }
  };
}

function notCoordinator(cause: Error): Error {
  const moved = Object.assign(new Error(`the group has moved: ${cause.message}`), {
    type: 'NOT_COORDINATOR_FOR_GROUP',
    code: 16,
    retriable: true,
  });
  return new kafkajs.KafkaJSProtocolError(moved);
}
