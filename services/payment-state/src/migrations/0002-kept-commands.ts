import { KEPT_COMMANDS_SQL } from '@paylog/kafka';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Commands for rows that are not parked yet. Locks nothing: the table is new. Undo: none. */
export class KeptCommands1700000000010 implements MigrationInterface {
  name = 'KeptCommands1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KEPT_COMMANDS_SQL);
  }

  async down(): Promise<void> {
    throw new Error('What an operator asked for is not dropped; restore a backup instead.');
  }
}
