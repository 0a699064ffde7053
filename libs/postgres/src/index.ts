export { underLock, type LockSteps } from './advisory-lock.js';
export { assertDurableCommits, createPool, dedicatedClient } from './pool.js';
export type { PoolLogger, PoolOptions } from './pool.js';
export { createDataSource, migrate } from './data-source.js';
export type { DataSourceParts } from './data-source.js';
export { grantService } from './roles.js';
export { inTransaction, type TransactionOptions } from './in-transaction.js';
export { isConnectionLost, sqlState } from './connection-lost.js';
