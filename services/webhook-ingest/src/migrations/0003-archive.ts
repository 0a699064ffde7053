import { readFileSync } from 'node:fs';
import { createLogSql } from '@paylog/event-sourcing';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ARCHIVIST, SERVICE_ROLE } from './roles.js';

const SQL = new URL('../../sql/archive.sql', import.meta.url);

/**
 * Retention and redaction of bodies, by a role of its own, each announced in the log `archive` first. Locks
 * `evidence_bodies` and `mapped_evidence` while triggers and an index are made. Undo: none, the log is history.
 */
export class Archive1700000000020 implements MigrationInterface {
  name = 'Archive1700000000020';

  async up(runner: QueryRunner): Promise<void> {
    const archive = { schema: 'archive', lanes: 1, opened: true, role: ARCHIVIST };
    await runner.query(createLogSql(archive));
    await runner.query(readFileSync(SQL, 'utf8'));
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('The archive log is history; restore a backup instead.');
  }
}

/** Roles are there before the migration, or never, as in tests. */
const GRANTS = `
do $grants$
declare
  part regclass;
begin
  if exists (select from pg_roles where rolname = '${ARCHIVIST}') then
    grant execute on all functions in schema archive to ${ARCHIVIST};
  end if;
  if exists (select from pg_roles where rolname = '${SERVICE_ROLE}') then
    grant usage on schema archive to ${SERVICE_ROLE};
    grant select on all tables in schema archive to ${SERVICE_ROLE};
    grant execute on function archive.announced(text) to ${SERVICE_ROLE};
    revoke update, delete, truncate on evidence_bodies from ${SERVICE_ROLE};
    for part in select inhrelid::regclass from pg_inherits where inhparent = 'evidence_bodies'::regclass loop
      execute format('revoke update, delete, truncate on %s from ${SERVICE_ROLE}', part);
    end loop;
  end if;
end
$grants$;
`;
