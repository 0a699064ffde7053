import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What waits and what is in doubt is found without looking at all the rest. Each index locks its table for writing while
 * it is built. Undo: drop the indexes.
 */
export class Unresolved1764000000020 implements MigrationInterface {
  name = 'Unresolved1764000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create index work_waiting on work (since) where why <> 'nothing to do'`);
    await runner.query(
      `create index payments_unresolved on payments (payment_id)
       where jsonb_array_length(state -> 'unresolved') > 0`,
    );
  }

  async down(): Promise<void> {
    throw new Error('migrations of Paylog only go forward');
  }
}
