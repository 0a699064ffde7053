import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Reports also hold what is passed on to participants, and taken back. Locks `books.operations` while the names of its
 * kinds are exchanged; every row that is there satisfies the new check. Undo: none needed, the old code writes fewer kinds.
 */
export class Participants1700000000020 implements MigrationInterface {
  name = 'Participants1700000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table books.operations
        drop constraint operations_kind_check,
        add constraint operations_kind_check check (kind in ('capture', 'capture_reversal', 'refund',
          'refund_reversal', 'dispute_withdrawal', 'dispute_reinstatement', 'participant_payout',
          'participant_payout_reversal'))`);
  }

  async down(): Promise<void> {
    // Nothing to undo: the wider check holds for what the narrower one allowed.
  }
}
