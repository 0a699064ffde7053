import { readFileSync } from 'node:fs';
import { PAYMENT_PARTITIONS } from '@paylog/contracts';
import { createLogSql } from '@paylog/event-sourcing';
import { CONSUMER_MEMBERS_SQL } from '@paylog/kafka';
import { grantService } from '@paylog/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const ROLE = 'paylog_reconciliation';

/** The four logs, the books and the statements. Locks nothing that exists. Undo: none, restore a backup. */
export class Reconciliation1700000000001 implements MigrationInterface {
  name = 'Reconciliation1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const schema of ['ledger', 'settlement', 'exceptions', 'results']) {
      const lanes = PAYMENT_PARTITIONS;
      await runner.query(createLogSql({ schema, lanes, opened: false, role: ROLE }));
    }
    for (const file of ['books', 'statements', 'ledger']) {
      await runner.query(readFileSync(new URL(`../../sql/${file}.sql`, import.meta.url), 'utf8'));
    }
    await runner.query(grantService(ROLE, 'books'));
    await runner.query(CONSUMER_MEMBERS_SQL);
    await runner.query(grantService(ROLE));
  }

  async down(): Promise<void> {
    throw new Error('The ledger is never dropped; restore a backup instead.');
  }
}
