const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * SQL for a migration: a service's role may read and write the tables of `schema` (default `public`),
 * those of today and those to come, and nothing else. Does nothing where the role does not exist,
 * as in tests. Never for a log's schema: `createLogSql` grants there, INSERT and SELECT only.
 */
export function grantService(role: string, schema = 'public'): string {
  for (const name of [role, schema]) {
    if (!NAME.test(name)) throw new Error(`"${name}" is no plain lower-case SQL name`);
  }
  return `
do $grant$
begin
  if not exists (select from pg_roles where rolname = '${role}') then return; end if;
  grant usage on schema ${schema} to ${role};
  grant select, insert, update, delete on all tables in schema ${schema} to ${role};
  grant usage, select on all sequences in schema ${schema} to ${role};
  grant execute on all functions in schema ${schema} to ${role};
  alter default privileges in schema ${schema}
    grant select, insert, update, delete on tables to ${role};
  alter default privileges in schema ${schema} grant usage, select on sequences to ${role};
  alter default privileges in schema ${schema} grant execute on functions to ${role};
end
$grant$;
`;
}
