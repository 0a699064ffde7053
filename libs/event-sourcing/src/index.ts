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
  ParkedAge,
  ParkedEntry,
  ParkedFilter,
  ParkedListFilter,
  ParkedRow,
  ParkedStatus,
  RelayTarget,
  Settled,
} from './log.js';
export type { FoldRow } from './binary-copy.js';
export { blockHash, contentDigest, GENESIS, rowDigest } from './digest.js';
export { LogFault, Overloaded } from './fault.js';
export { GroupCommit } from './group-commit.js';
export { createLogSql } from './log-sql.js';
export type { LogSqlOptions } from './log-sql.js';
export { memoryLog } from './memory-log.js';
export type { Accepted, MemoryLogOptions } from './memory-log.js';
export { openLanes, postgresLog } from './postgres-log.js';
export { startFollower } from './follower.js';
export type { FollowedBatch, Follower, FollowerOptions } from './follower.js';
export { rebuildProjection } from './rebuild/rebuild.js';
export type { RebuildOptions, Rebuilt } from './rebuild/rebuild.js';
export type { Difference } from './rebuild/compare.js';
export { fromLog, fromTopic } from './rebuild/sources.js';
export type { RowSource } from './rebuild/sources.js';
export type { ProjectionTable, TableRow } from './rebuild/table.js';
export { startRelay } from './relay.js';
export type { LaneStatus, Relay, RelayOptions } from './relay.js';
export { verify } from './verify.js';
export type { LogProblem, ProblemCode, Verification } from './verify.js';
