import { readFileSync } from 'node:fs';
import { PAYMENT_PARTITIONS } from '@paylog/contracts';
import { createLogSql } from '@paylog/event-sourcing';
import { CONSUMER_MEMBERS_SQL } from '@paylog/kafka';
import { grantService } from '@paylog/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const ROLE = 'paylog_fulfillment';

/** The logs of decisions and of notifications, and what is known of each payment. Locks nothing. Undo: none. */
export class Fulfillment1700000000001 implements MigrationInterface {
  name = 'Fulfillment1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const schema of ['fulfillment', 'notifications']) {
      const lanes = PAYMENT_PARTITIONS;
      await runner.query(createLogSql({ schema, lanes, opened: false, role: ROLE }));
    }
    await runner.query(readFileSync(new URL('../../sql/orders.sql', import.meta.url), 'utf8'));
    await runner.query(CONSUMER_MEMBERS_SQL);
    await runner.query(grantService(ROLE));
  }

  async down(): Promise<void> {
    throw new Error('The fulfillment log is never dropped; restore a backup instead.');
  }
}
