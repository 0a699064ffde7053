/**
 * The table of `postgresMembers`, for a migration of each service that consumes. The service's role needs SELECT,
 * INSERT and UPDATE on it.
 */
export const CONSUMER_MEMBERS_SQL = `
create table consumer_members (
  consumer_group text        not null,
  instance       text        not null,
  member_id      text        not null,
  joined_at      timestamptz not null default now(),
  primary key (consumer_group, instance)
)`;

export const LOAD_MEMBER = `
select member_id from consumer_members where consumer_group = $1 and instance = $2`;

export const SAVE_MEMBER = `
insert into consumer_members (consumer_group, instance, member_id) values ($1, $2, $3)
on conflict (consumer_group, instance)
do update set member_id = excluded.member_id, joined_at = now()`;
