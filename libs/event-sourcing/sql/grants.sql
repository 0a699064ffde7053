do $grants$
begin
  if not exists (select from pg_roles where rolname = '{{role}}') then return; end if;
  revoke all on schema {{schema}} from public;
  revoke all on all functions in schema {{schema}} from public;
  grant usage on schema {{schema}} to {{role}};
  grant select, insert on {{schema}}.rows, {{schema}}.blocks, {{schema}}.keys to {{role}};
  grant select, update on {{schema}}.lanes, {{schema}}.relay to {{role}};
  grant select, insert, update on {{schema}}.offsets, {{schema}}.parked to {{role}};
  grant select, insert, delete on {{schema}}.flushes to {{role}};
  grant execute on all functions in schema {{schema}} to {{role}};
end
$grants$;
