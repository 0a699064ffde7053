-- What may happen to a stored body: nothing, unless the chained log `archive` says so first. Then a month is dropped
-- (retention), or one body is replaced (redaction). The service can do neither; a role of its own can, and only by these
-- functions, which run as the owner of the bodies.

create function archive.announced(p_key text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$ select convert_from(r.data, 'utf8')::jsonb from archive.rows r where r.stream = p_key and r.version = 1 $$;

create function public.refuse_unannounced() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'TRUNCATE' then
    raise exception 'truncate on evidence_bodies refused' using errcode = 'insufficient_privilege';
  elsif tg_op = 'UPDATE' then
    if new.evidence_id = old.evidence_id and new.received_at = old.received_at
      and encode(sha256(new.body), 'hex')
        = archive.announced('redacted/' || old.evidence_id) ->> 'replacementSha256'
    then return new; end if;
  elsif archive.announced('expired/' || to_char(old.received_at at time zone 'utc', 'YYYY-MM')) is not null
  then return old;
  end if;
  raise exception '% of the body of % refused: no announcement in the log archive says so', tg_op, old.evidence_id
    using errcode = 'insufficient_privilege';
end
$$;
create trigger refuse_unannounced before update or delete on evidence_bodies
  for each row execute function public.refuse_unannounced();
create trigger refuse_truncate before truncate on evidence_bodies
  for each statement execute function public.refuse_unannounced();
alter table evidence_bodies enable always trigger refuse_unannounced;
alter table evidence_bodies enable always trigger refuse_truncate;

-- Months of bodies that are held: what is to be dropped is found here. The default partition counts by month too.
create function archive.months() returns table (month text, bodies bigint, bytes bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select to_char(b.received_at at time zone 'utc', 'YYYY-MM'), count(*), sum(length(b.body))::bigint
  from public.evidence_bodies b group by 1 order by 1
$$;

-- Evidence of a month that nobody has read yet, or that waits for somebody: its bodies are still needed.
create function archive.needed(p_month text) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select count(*) from public.evidence_bodies b
  left join public.mapped_evidence m on m.evidence_id = b.evidence_id
  where b.received_at >= (p_month || '-01')::timestamp at time zone 'utc'
    and b.received_at < ((p_month || '-01')::timestamp + interval '1 month') at time zone 'utc'
    and (m.outcome is null or m.outcome in ('unresolved', 'unreadable') and exists (
      select from facts.parked p where p.status in ('parked', 'ready')
        and (p.headers ->> 'evidence')::jsonb ->> 'id' = b.evidence_id))
$$;

-- Drops the bodies of an announced month. Safe to repeat.
create function archive.expire(p_month text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s'
as $$
declare
  from_time timestamptz := (p_month || '-01')::timestamp at time zone 'utc';
  to_time timestamptz := ((p_month || '-01')::timestamp + interval '1 month') at time zone 'utc';
  part text;
  bounds text;
  gone bigint := 0;
begin
  if archive.announced('expired/' || p_month) is null then
    raise exception 'the end of % was not announced', p_month using errcode = 'insufficient_privilege';
  end if;
  select count(*) into gone from public.evidence_bodies where received_at >= from_time and received_at < to_time;
  part := 'evidence_bodies_' || replace(p_month, '-', '_');
  select pg_get_expr(c.relpartbound, c.oid) into bounds from pg_class c
  join pg_inherits i on i.inhrelid = c.oid and i.inhparent = 'public.evidence_bodies'::regclass
  where c.relname = part and c.relnamespace = 'public'::regnamespace;
  -- Made in the time zone of whoever migrated: only a partition that lies in the month goes as one.
  if bounds is not null and not exists (
    select from public.evidence_bodies b
    where b.tableoid = ('public.' || part)::regclass and (b.received_at < from_time or b.received_at >= to_time))
  then
    execute format('drop table public.%I', part);
  end if;
  delete from public.evidence_bodies where received_at >= from_time and received_at < to_time;
  return gone;
end
$$;

-- Replaces one body, also where a copy of it is parked. Safe to repeat.
create function archive.redact(p_evidence text, p_received_at timestamptz, p_replacement bytea) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s'
as $$
declare
  changed bigint;
begin
  if archive.announced('redacted/' || p_evidence) ->> 'replacementSha256' is distinct from encode(sha256(p_replacement), 'hex') then
    raise exception 'this redaction of % was not announced', p_evidence using errcode = 'insufficient_privilege';
  end if;
  update public.evidence_bodies set body = p_replacement
  where evidence_id = p_evidence and received_at = p_received_at;
  get diagnostics changed = row_count;
  update facts.parked set value = p_replacement,
    mended = case when mended is null then null else p_replacement end
  where value is not null and (headers ->> 'evidence')::jsonb ->> 'id' = p_evidence;
  return changed;
end
$$;

-- Partitions for the months to come, as long as nothing of them lies in the default one. Answers how many it made.
create function archive.prepare(p_months int) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s'
as $$
declare
  month timestamp := date_trunc('month', now() at time zone 'utc');
  part text;
  made int := 0;
begin
  for i in 0 .. p_months - 1 loop
    part := 'evidence_bodies_' || to_char(month, 'YYYY_MM');
    if to_regclass('public.' || part) is null and not exists (
      select from public.evidence_bodies_default
      where received_at >= month at time zone 'utc'
        and received_at < (month + interval '1 month') at time zone 'utc')
    then
      execute format('create table public.%I partition of public.evidence_bodies for values from (%L) to (%L)',
        part, month at time zone 'utc', (month + interval '1 month') at time zone 'utc');
      execute format('revoke update, delete, truncate on public.%I from public', part);
      made := made + 1;
    end if;
    month := month + interval '1 month';
  end loop;
  return made;
end
$$;

-- One piece of evidence and its row, for whoever redacts it.
create function archive.evidence_of(p_evidence text) returns table (received_at text, sha256 text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select r.time, convert_from(r.data, 'utf8')::jsonb ->> 'sha256' from evidence.rows r
  where r.stream = p_evidence and r.version = 1
$$;

revoke all on all functions in schema archive from public;
revoke all on function public.refuse_unannounced() from public;
create index mapped_evidence_by_payment on mapped_evidence (payment_id) where payment_id is not null;
