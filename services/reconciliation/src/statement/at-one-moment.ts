import { crossing } from '@paylog/failpoints';
import { inTransaction } from '@paylog/postgres';
import type { Pool, PoolClient } from 'pg';

const atCommit = crossing('reconciliation.commit');

/** Does the work in one transaction, all of which sees one moment of what is known. Undefined as its answer rolls back. */
export const atOneMoment = <T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T | undefined>,
): Promise<T | undefined> => inTransaction(pool, work, { isolation: 'repeatable read', atCommit });
