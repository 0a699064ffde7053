/**
 * The table of `postgresKeptCommands`, for a migration of each service that parks. The service's role needs SELECT, INSERT,
 * UPDATE and DELETE on it. One row a parked row that is not there yet: a later command takes the place of an earlier one.
 */
export const KEPT_COMMANDS_SQL = `
create table if not exists kept_commands (
  parked_id text        primary key,
  type      text        not null check (type in ('ReplayParked', 'DiscardParked')),
  mended    bytea,
  operator  text        not null,
  reason    text        not null,
  kept_at   timestamptz not null default now()
)`;

/** `schemas`: of the logs that park here. Keeps nothing for a row that is or was there. */
export const keepCommand = (schemas: readonly string[]): string => `
insert into kept_commands as held (parked_id, type, mended, operator, reason)
select $1, $2, $3, $4, $5
where ${schemas.map((schema) => `not exists (select from ${schema}.parked where id = $1)`).join(' and ')}
on conflict (parked_id) do update set type = excluded.type, mended = coalesce(excluded.mended, held.mended),
  operator = excluded.operator, reason = excluded.reason, kept_at = now()`;

/** Kept commands whose row has come. */
export const dueCommands = (schemas: readonly string[]): string => `
select k.parked_id, k.type, k.mended, k.operator, k.reason from kept_commands k
where ${schemas.map((schema) => `exists (select from ${schema}.parked p where p.id = k.parked_id)`).join(' or ')}
order by k.kept_at limit 100`;

export const FORGET_COMMAND = 'delete from kept_commands where parked_id = $1';

/** As long as the topic holds commands: a misspelt one waits no longer. */
export const FORGET_OLD_COMMANDS = `delete from kept_commands where kept_at < now() - interval '30 days'`;
