import { readFileSync } from 'node:fs';
import { PAYMENT_PARTITIONS } from '@paylog/contracts';
import { createLogSql } from '@paylog/event-sourcing';
import { CONSUMER_MEMBERS_SQL } from '@paylog/kafka';
import { grantService } from '@paylog/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { EVIDENCE_LANES } from '../ingest/evidence.js';
import { SERVICE_ROLE } from './roles.js';

const read = (file: string) => readFileSync(new URL(`../../sql/${file}`, import.meta.url), 'utf8');

/** Evidence, the facts read from it, and the tables beside them. Locks nothing: everything is new. Undo: none. */
export class Webhooks1700000000001 implements MigrationInterface {
  name = 'Webhooks1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    const evidence = {
      schema: 'evidence',
      lanes: EVIDENCE_LANES,
      opened: true,
      role: SERVICE_ROLE,
    };
    const facts = { schema: 'facts', lanes: PAYMENT_PARTITIONS, opened: false, role: SERVICE_ROLE };
    await runner.query(createLogSql(evidence));
    await runner.query(createLogSql(facts));
    await runner.query(read('evidence.sql'));
    await runner.query(read('mapping.sql'));
    await runner.query(CONSUMER_MEMBERS_SQL);
    await runner.query(grantService(SERVICE_ROLE));
  }

  async down(): Promise<void> {
    throw new Error('Evidence is never dropped by a migration; restore a backup instead.');
  }
}
