export { place } from './assigner.js';
export { BatchConsumer, BatchContext, mountConsumers, transportOf } from './batch-consumer.js';
export { createKafka } from './client.js';
export type { KafkaOptions } from './client.js';
export { startDeadLetterRelay } from './dead-letters.js';
export type { DeadLetterOptions } from './dead-letters.js';
export { KafkaFault, passesByItself } from './fault.js';
export { GroupReader } from './group-reader.js';
export type { GroupReaderOptions, GroupTimings } from './group-reader.js';
export type { Logger } from './logger.js';
export { startLoop } from './loop.js';
export type { Loop, WakingLoop } from './loop.js';
export { postgresMembers } from './members.js';
export type { MemberStore } from './members.js';
export { CONSUMER_MEMBERS_SQL } from './members.sql.js';
export { BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, sourceOf } from './message.js';
export type { Batch, ConsumedMessage, Outcome } from './message.js';
export { obeying, obeyKept, startOperations } from './operations.js';
export { postgresKeptCommands } from './kept-commands.js';
export type { KeptCommands, ParkedCommand } from './kept-commands.js';
export { KEPT_COMMANDS_SQL } from './kept-commands.sql.js';
export type { CommandedLog, OperationsCommand, OperationsOptions } from './operations.js';
export { readPartition } from './partition-reader.js';
export {
  decodeBatch,
  decodeOne,
  inputOf,
  messageOf,
  misplacedKey,
  parkedFrom,
  parkPoison,
} from './poison.js';
export type { Accepted, DecodedBatch } from './poison.js';
export type { OffsetStore } from './positions.js';
export { createPublisher } from './publisher.js';
export type { OutgoingMessage, Publisher } from './publisher.js';
export { kafkaRelayTarget } from './relay-target.js';
export { toMessage } from './row-message.js';
export type { KafkaRelayTargetOptions } from './relay-target.js';
export { startReplay } from './replay.js';
export type { ReplayOptions } from './replay.js';
export type { BatchHandler, PoisonHook } from './slice-worker.js';
export { provisionTopics } from './topics.js';
export type { TopicSpec } from './topics.js';
