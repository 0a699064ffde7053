-- What services ask for again and again. Planned once a connection, as planning takes several times longer than reading;
-- and by index only, so that a plan made while the log was empty or tiny is right a million rows later.

-- Rows of a lane from a position on, at most so many and so many bytes of data, but at least one if there is one.
-- `newest` is the last row that was seen, whether or not it had room.
create function {{schema}}.read_batch(p_lane int, p_from bigint, p_rows int, p_bytes bigint)
returns table (found {{schema}}.rows, newest bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $read$
begin
  return query
  select b.row, b.newest
  from (
    select seen.row, seen.position, max(seen.position) over () as newest,
      sum(seen.size) over (order by seen.position) as bytes
    from (
      select r as row, r.position, octet_length(r.data) as size
      from {{schema}}.rows r where r.lane = p_lane and r.position >= p_from
      order by r.position limit p_rows
    ) seen
  ) b
  where b.bytes <= p_bytes or b.position = p_from
  order by b.position;
end
$read$;

-- Each stream's rows from a version on, in order.
create function {{schema}}.read_streams(p_streams text[], p_from int)
returns setof {{schema}}.rows
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $read$
begin
  return query
  select r.* from unnest(p_streams) as s(stream)
  cross join lateral (
    select * from {{schema}}.rows r where r.stream = s.stream and r.version >= p_from
    order by r.version offset 0
  ) r;
end
$read$;
