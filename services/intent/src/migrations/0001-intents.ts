import { createLogSql } from '@paylog/event-sourcing';
import { PAYMENT_PARTITIONS } from '@paylog/contracts';
import { CONSUMER_MEMBERS_SQL } from '@paylog/kafka';
import { grantService } from '@paylog/postgres';
import { readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const ROLE = 'paylog_intent';
const read = (file: string) => readFileSync(new URL(`../../sql/${file}`, import.meta.url), 'utf8');

/** Creates the log `intents` and the tables beside it. Locks nothing: everything is new. Undo: drop the database. */
export class Intents1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      createLogSql({ schema: 'intents', lanes: PAYMENT_PARTITIONS, opened: false, role: ROLE }),
    );
    await runner.query(read('tables.sql'));
    await runner.query(read('project.sql'));
    await runner.query(CONSUMER_MEMBERS_SQL);
    await runner.query(grantService(ROLE));
  }

  async down(): Promise<void> {
    throw new Error('migrations of Paylog only go forward');
  }
}
