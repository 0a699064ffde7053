-- History is only ever added to. Grants keep the service's role from trying; these triggers refuse
-- the owner too, and stay on with session_replication_role = replica.
create function {{schema}}.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception '% on %.% refused: history is only ever added to',
    tg_op, tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end
$$;

-- A head that went back would number rows twice.
create function {{schema}}.refuse_step_back() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if new.lane <> old.lane or new.next_position < old.next_position then
    raise exception 'the head of lane % in {{schema}} never goes back', old.lane
      using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;

do $guard$
declare
  name text;
begin
  foreach name in array array['rows', 'blocks', 'keys', 'lanes'] loop
    execute format('create trigger refuse_truncate before truncate on {{schema}}.%I
      for each statement execute function {{schema}}.refuse_change()', name);
    execute format('alter table {{schema}}.%I enable always trigger refuse_truncate', name);
    execute format('create trigger refuse_change before %s on {{schema}}.%I
      for each row execute function {{schema}}.refuse_change()',
      case name when 'lanes' then 'delete' else 'update or delete' end, name);
    execute format('alter table {{schema}}.%I enable always trigger refuse_change', name);
  end loop;
end
$guard$;

create trigger refuse_step_back before update on {{schema}}.lanes
  for each row execute function {{schema}}.refuse_step_back();
alter table {{schema}}.lanes enable always trigger refuse_step_back;
