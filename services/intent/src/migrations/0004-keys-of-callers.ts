import { readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each API key has idempotency keys of its own, and a request may be about no payment. Locks `idempotency` while its
 * primary key is built anew, over thirty days of answers; `project` is exchanged in an instant. A process of the release
 * before goes on: its answers have no caller. Undo: none.
 */
export class KeysOfCallers1764000000030 implements MigrationInterface {
  name = 'KeysOfCallers1764000000030';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table idempotency add column caller text not null default '';
      alter table idempotency alter column payment_id drop not null;
      alter table idempotency drop constraint idempotency_pkey,
        add primary key (storefront, caller, key)`);
    const project = new URL('../../sql/project.sql', import.meta.url);
    await runner.query(readFileSync(project, 'utf8'));
  }

  async down(): Promise<void> {
    throw new Error('migrations of Paylog only go forward');
  }
}
