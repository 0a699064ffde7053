import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import {
  dueCommands,
  FORGET_COMMAND,
  FORGET_OLD_COMMANDS,
  keepCommand,
} from './kept-commands.sql.js';

const atKeep = crossing('kafka.keep-command');
const atDue = crossing('kafka.due-commands');
const atForget = crossing('kafka.forget-command');
const atForgetOld = crossing('kafka.forget-old-commands');

/** What an operator asked of a parked row. */
export interface ParkedCommand {
  readonly type: 'ReplayParked' | 'DiscardParked';
  readonly parkedId: string;
  readonly mended?: Buffer;
  readonly operator: string;
  readonly reason: string;
}

/**
 * Commands for rows that are not parked yet: command and message come by different partitions, and after a restored backup
 * the command may be read first.
 */
export interface KeptCommands {
  /** Whether it is kept: not for a row that is, or was, there. */
  keep(command: ParkedCommand): Promise<boolean>;
  /** Those whose row has come. */
  due(): Promise<readonly ParkedCommand[]>;
  forget(parkedId: string): Promise<void>;
}

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const PRUNE_EVERY_MS = 3_600_000;

/** In the service's own database; the table comes from `KEPT_COMMANDS_SQL`. `schemas`: of the logs that park here. */
export function postgresKeptCommands(pool: Pool, schemas: readonly string[]): KeptCommands {
  const odd = schemas.find((schema) => !SCHEMA.test(schema));
  if (odd !== undefined) throw new Error(`"${odd}" is no plain lower-case SQL name`);
  let prunedAt = 0;
  return {
    async keep({ parkedId, type, mended, operator, reason }) {
      const values = [parkedId, type, mended ?? null, operator, reason];
      const { rowCount } = await atKeep(() => pool.query(keepCommand(schemas), values));
      return rowCount === 1;
    },
    async due() {
      if (Date.now() - prunedAt > PRUNE_EVERY_MS) {
        prunedAt = Date.now();
        await atForgetOld(() => pool.query(FORGET_OLD_COMMANDS));
      }
      const { rows } = await atDue(() => pool.query<StoredCommand>(dueCommands(schemas)));
      return rows.map(({ parked_id, mended, ...rest }) => ({
        ...rest,
        parkedId: parked_id,
        ...(mended !== null && { mended }),
      }));
    },
    async forget(parkedId) {
      await atForget(() => pool.query(FORGET_COMMAND, [parkedId]));
    },
  };
}

interface StoredCommand extends Pick<ParkedCommand, 'type' | 'operator' | 'reason'> {
  readonly parked_id: string;
  readonly mended: Buffer | null;
}
