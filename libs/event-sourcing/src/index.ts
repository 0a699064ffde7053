export { FLUSH_APPENDS_MAX, FLUSH_BYTES_MAX, ROW_BYTES_MAX } from './log.js';
export type {
  Append,
  AppendAnswer,
  EventLog,
  FlushOptions,
  InputOffset,
  LaneHead,
  Logger,
  LogRow,
  NewParked,
  NewRow,
  ParkedFilter,
  ParkedRow,
  ParkedStatus,
  RelayTarget,
  Settled,
} from './log.js';
export { blockHash, contentDigest, GENESIS, rowDigest } from './digest.js';
export { LogFault, Overloaded } from './fault.js';
export { GroupCommit } from './group-commit.js';
export { createLogSql } from './log-sql.js';
export type { LogSqlOptions } from './log-sql.js';
export { memoryLog } from './memory-log.js';
export type { Accepted, MemoryLogOptions } from './memory-log.js';
export { openLanes, postgresLog, seedOffsets } from './postgres-log.js';
export { readAllAtCut, startFollower, startRelay, verify } from './stubs.js';
export type {
  FollowedBatch,
  Follower,
  FollowerOptions,
  Relay,
  RelayOptions,
  RelayStatus,
  Verification,
} from './stubs.js';
