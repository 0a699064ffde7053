import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events that were fetched because no webhook brought them. Locks nothing: the table is new. Undo: none. */
export class MissedEvents1700000000050 implements MigrationInterface {
  name = 'MissedEvents1700000000050';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table missed_events (
        account text not null,
        event_id text not null,
        fetched_at timestamptz not null default now(),
        primary key (account, event_id)
      )`);
  }

  async down(): Promise<void> {
    // Nothing to undo: without the table they would be fetched again.
  }
}
