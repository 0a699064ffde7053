import { readFileSync } from 'node:fs';
import { PAYMENT_PARTITIONS } from '@paylog/contracts';
import { createLogSql } from '@paylog/event-sourcing';
import { CONSUMER_MEMBERS_SQL } from '@paylog/kafka';
import { grantService } from '@paylog/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const ROLE = 'paylog_payment_state';

/**
 * The payments log and its read model. Locks nothing that exists. Undo: none, a log is never dropped; restore a backup.
 */
export class Payments1700000000001 implements MigrationInterface {
  name = 'Payments1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    const lanes = PAYMENT_PARTITIONS;
    await runner.query(createLogSql({ schema: 'payments', lanes, opened: false, role: ROLE }));
    for (const file of ['query.sql', 'project.sql']) {
      await runner.query(readFileSync(new URL(`../../sql/${file}`, import.meta.url), 'utf8'));
    }
    await runner.query(grantService(ROLE, 'query'));
    await runner.query(CONSUMER_MEMBERS_SQL);
    await runner.query(grantService(ROLE));
  }

  async down(): Promise<void> {
    throw new Error('The payments log is never dropped; restore a backup instead.');
  }
}
