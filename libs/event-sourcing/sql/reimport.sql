-- Rows that the topic has and this log lacks, as after a restored backup: stored byte for byte at
-- the positions they had. Refuses any gap. Their appends' keys are claimed again, so that a
-- repetition of the old input changes nothing.
create function {{schema}}.reimport(
  p_flush uuid, p_lane int,
  r_position bigint[], r_stream text[], r_version int[], r_key text[],
  r_id text[], r_type text[], r_schema_version int[], r_source text[], r_time text[],
  r_correlation_id text[], r_causation_id text[], r_traceparent text[], r_data bytea[], r_digest bytea[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $reimport$
declare
  head {{schema}}.lanes;
  fresh_hash bytea;
begin
  select * into strict head from {{schema}}.lanes l where l.lane = p_lane for no key update;
  if exists (
    select from unnest(r_position) with ordinality as u(position, number)
    where u.position <> head.next_position + u.number - 1
  ) then
    raise exception 'lane % of {{schema}} is at %: can''t re-import rows from % on',
      p_lane, head.next_position, r_position[1] using errcode = 'PL002';
  end if;

  insert into {{schema}}.keys (key, lane, position)
  select u.key, p_lane, min(u.position) from unnest(r_key, r_position) as u(key, position)
  group by u.key order by u.key
  on conflict (key) do nothing; -- The earlier rows of this append came in the batch before.

  insert into {{schema}}.rows (lane, position, stream, version, key, id, type, schema_version, source,
    time, correlation_id, causation_id, traceparent, data, digest)
  select p_lane, u.*
  from unnest(r_position, r_stream, r_version, r_key, r_id, r_type, r_schema_version, r_source, r_time,
    r_correlation_id, r_causation_id, r_traceparent, r_data, r_digest) as u;

  fresh_hash := sha256(head.hash || int8send(head.next_position) || (
    select string_agg(u.digest, ''::bytea order by u.number)
    from unnest(r_digest) with ordinality as u(digest, number)));
  insert into {{schema}}.blocks (lane, first_position, row_count, hash, previous_hash, flush_id)
  values (p_lane, head.next_position, cardinality(r_position), fresh_hash, head.hash, p_flush);
  update {{schema}}.lanes l
  set next_position = head.next_position + cardinality(r_position), hash = fresh_hash
  where l.lane = p_lane;
  perform pg_notify('{{schema}}', p_lane::text);
end
$reimport$;
