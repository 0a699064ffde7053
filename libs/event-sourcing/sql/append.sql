-- One flush: everything a caller wants durable, in one call and so in one commit. The caller is no
-- party to it while it runs: whoever freezes holds no lock. What each append gets is its own affair;
-- none fails its neighbours. What comes with the flush (offset, parked, settled, effects) happens only
-- when no append met a conflict.
--
-- Locks, always in this order, so that two flushes never wait for each other: heads by lane, then
-- the input's offset, then keys by key, then what project() takes (in primary key order).
create function {{schema}}.append(
  p_flush uuid,
  -- The input, or nulls. p_to = p_from only compares.
  p_source text, p_partition int, p_from bigint, p_to bigint,
  -- The flush's lanes, ascending, and its streams: each once.
  p_lanes int[], p_streams text[],
  -- The version each stream must be at, if each append is to follow the one before it and every key
  -- is met once; null if it is not so. Then all are accepted together, or looked at one by one.
  s_expected int[],
  -- An element an append: the lane's and stream's number above (from 1), how many rows of its lane
  -- are before it, the first append of this flush with its key (itself if none is before), the
  -- version it expects, how many rows it has.
  a_lane int[], a_stream int[], a_before int[], a_first int[], a_expected int[], a_count int[],
  a_key text[], a_content bytea[],
  -- What attach() keeps beside the first row of an accepted append, an element or all of it null.
  a_attachment bytea[],
  -- What project() gets of it, an object's JSON without its braces and its position; whether that
  -- takes the place of what appends before it to its stream have. An element or all of it null.
  a_effects text[], a_superseding int[],
  -- An element a row: its append (from 1), its number within it (from 0), the columns that are its own.
  r_append int[], r_number int[], r_id text[], r_type text[], r_schema_version int[], r_source text[],
  r_time text[], r_correlation_id text[], r_causation_id text[], r_traceparent text[], r_data bytea[],
  r_digest bytea[],
  p_parked jsonb, p_settle jsonb, p_effects jsonb,
  -- A digit an append, as in flushes; or 'm': the offset has moved, and o_positions has where to.
  out o_statuses text, out o_lanes int[], out o_positions bigint[], out o_versions int[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
-- A plan made while the log was empty, or had no statistics, must still be right a million rows
-- later: only index look-ups, planned once.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $append$
declare
  appends constant int := cardinality(a_lane);
  incarnation constant text := {{schema}}.incarnation();
  statuses int[] := array_fill(0, array[appends]);
  lanes int[] := array_fill(0, array[appends]);
  positions bigint[] := array_fill(0::bigint, array[appends]);
  versions int[] := array_fill(0, array[appends]);
  taken int[] := array_fill(0, array[appends]);
  heads bigint[];
  hashes bytea[];
  stream_versions int[];
  -- The lowest version of a stream at which an append of this flush failed, or null.
  failed_at int[];
  opened int;
  -- By stream the last accepted append that takes the place of those before it.
  superseding int[];
  accepted int := 0;
  accepted_effects jsonb;
  next_stored bigint;
  stands boolean;
  known record;
  s int;
begin
  if appends > 0 then
    select array_agg(h.next_position), array_agg(h.hash),
      count(*) filter (where h.opened or h.opened_for = incarnation)
    into heads, hashes, opened
    from (
      select l.* from {{schema}}.lanes l where l.lane = any (p_lanes) order by l.lane
      for no key update
    ) h;
    if opened < cardinality(p_lanes) then
      raise exception 'a lane among % of {{schema}} is closed until it has been compared with its topic',
        p_lanes using errcode = 'PL001';
    end if;
  end if;

  -- Only now: while we waited for the heads an earlier call for this flush may have committed.
  select f.statuses into o_statuses from {{schema}}.flushes f where f.flush_id = p_flush;
  if found then
    select a.lanes, a.positions, a.versions into o_lanes, o_positions, o_versions
    from {{schema}}.settled_answers(o_statuses, p_streams, a_stream, a_expected, a_count, a_key) a;
    return;
  end if;

  if p_source is not null then
    select o.next into next_stored from {{schema}}.offsets o
    where o.source = p_source and o.partition = p_partition
    for no key update;
    if next_stored <> p_from then -- Null, nothing stored yet, is as good as p_from.
      if exists (select from {{schema}}.flushes f where f.flush_id = p_flush) then
        -- It was this very flush that moved it, a moment ago.
        raise exception 'flush % has just been committed', p_flush using errcode = '40001';
      end if;
      o_statuses := 'm';
      o_positions := array[next_stored];
      return;
    end if;
  end if;

  if appends > 0 then
    select array_agg(coalesce((
        select r.version from {{schema}}.rows r where r.stream = u.stream
        order by r.version desc limit 1), 0) order by u.number)
    into stream_versions
    from unnest(p_streams) with ordinality as u(stream, number);

    for known in
      select u.number, k.lane, k.position, k.digest is null or k.digest = a_content[u.number] as same
      from unnest(a_key) with ordinality as u(key, number)
      cross join lateral (select * from {{schema}}.keys k where k.key = u.key offset 0) k
    loop
      statuses[known.number] := case when known.same then 1 else 2 end;
      lanes[known.number] := known.lane;
      positions[known.number] := known.position;
    end loop;

    if not found and stream_versions = s_expected then
      select array_agg(p_lanes[u.lane]), array_agg(heads[u.lane] + u.before),
        array_agg(u.expected + u.count)
      into lanes, positions, versions
      from (
        select unnest(a_lane) as lane, unnest(a_before) as before, unnest(a_expected) as expected,
          unnest(a_count) as count
      ) u;
      accepted := appends;
    else
      failed_at := array_fill(null::int, array[cardinality(p_streams)]);
      for i in 1 .. appends loop
        if statuses[i] = 0 and taken[a_first[i]] > 0 then -- The same key earlier in this flush.
          s := taken[a_first[i]];
          statuses[i] := case when a_content[s] = a_content[i] then 1 else 2 end;
          lanes[i] := lanes[s];
          positions[i] := positions[s];
        end if;
        if statuses[i] = 1 then continue; end if;
        s := a_stream[i];
        -- What was decided on top of an append that failed must fail too, also where another writer has
        -- brought the stream to just the version that it expects: it has not seen what stands there.
        if statuses[i] = 0 and (stream_versions[s] <> a_expected[i] or a_expected[i] > failed_at[s]) then
          statuses[i] := 3;
          versions[i] := stream_versions[s];
        end if;
        if statuses[i] > 0 then
          failed_at[s] := least(failed_at[s], a_expected[i]);
          continue;
        end if;
        taken[a_first[i]] := i;
        stream_versions[s] := a_expected[i] + a_count[i];
        versions[i] := stream_versions[s];
        lanes[i] := p_lanes[a_lane[i]];
        positions[i] := heads[a_lane[i]];
        heads[a_lane[i]] := heads[a_lane[i]] + a_count[i];
        accepted := accepted + 1;
      end loop;
    end if;
  end if;

  -- Whoever is told of a conflict decides again: what came with the flush waits for that.
  stands := not statuses && array[2, 3];

  if accepted > 0 then
    -- A key that another lane has taken since we looked is a unique violation: from the start, and
    -- we shall see it.
    insert into {{schema}}.keys (key, digest, lane, position)
    select u.key, u.content, lanes[u.number], positions[u.number]
    from (
      select unnest(a_key) as key, unnest(a_content) as content, generate_series(1, appends) as number
    ) u
    where statuses[u.number] = 0
    order by u.key;

    insert into {{schema}}.rows (lane, position, stream, version, id, type, schema_version, source,
      time, correlation_id, causation_id, traceparent, key, data, digest)
    select lanes[u.append], positions[u.append] + u.number, p_streams[a_stream[u.append]],
      a_expected[u.append] + 1 + u.number, u.id, u.type, u.schema_version, u.source, u.time,
      u.correlation_id, u.causation_id, u.traceparent, a_key[u.append], u.data, u.digest
    from (
      -- In the select list, because in FROM each array would first be copied into a table of its own.
      select unnest(r_append) as append, unnest(r_number) as number, unnest(r_id) as id,
        unnest(r_type) as type, unnest(r_schema_version) as schema_version,
        unnest(r_source) as source, unnest(r_time) as time,
        unnest(r_correlation_id) as correlation_id, unnest(r_causation_id) as causation_id,
        unnest(r_traceparent) as traceparent, unnest(r_data) as data, unnest(r_digest) as digest
    ) u
    where statuses[u.append] = 0;

    with block as (
      insert into {{schema}}.blocks (lane, first_position, row_count, hash, previous_hash, flush_id)
      select p_lanes[f.lane], f.first_position, f.row_count,
        sha256(hashes[f.lane] || int8send(f.first_position) || f.digests), hashes[f.lane], p_flush
      from (
        select u.lane, min(u.position) as first_position, count(*)::int as row_count,
          string_agg(u.digest, ''::bytea order by u.position) as digests
        from (
          select a_lane[r.append] as lane, positions[r.append] + r.number as position, r.digest
          from (
            select unnest(r_append) as append, unnest(r_number) as number, unnest(r_digest) as digest
          ) r
          where statuses[r.append] = 0
        ) u
        group by u.lane
      ) f
      returning blocks.lane, blocks.hash, blocks.first_position + blocks.row_count as next_position
    )
    update {{schema}}.lanes l set next_position = b.next_position, hash = b.hash
    from block b where l.lane = b.lane;
  end if;

  if a_attachment is not null and accepted = appends and cardinality(r_append) = appends
    and array_position(a_attachment, null) is null
  then
    perform {{schema}}.attach(r_id, r_time, a_attachment); -- The usual case, without copies of them all.
  elsif a_attachment is not null and accepted > 0 then
    perform {{schema}}.attach(array_agg(u.id), array_agg(u.time), array_agg(a_attachment[u.append]))
    from unnest(r_append, r_number, r_id, r_time) as u(append, number, id, time)
    where u.number = 0 and statuses[u.append] = 0 and a_attachment[u.append] is not null;
  end if;

  if accepted > 0 and a_effects is not null then
    if a_superseding is not null then
      select array_agg(u.last order by u.stream) into superseding
      from (
        select u.stream,
          max(u.number) filter (where u.superseding = 1 and statuses[u.number] = 0) as last
        from (
          select unnest(a_stream) as stream, unnest(a_superseding) as superseding,
            generate_series(1, appends) as number
        ) u
        group by u.stream
      ) u;
    end if;
    select ('[' || string_agg('{"position":' || positions[u.number] || ',' || u.effects || '}', ',')
      || ']')::jsonb
    into accepted_effects
    from (
      select unnest(a_effects) as effects, unnest(a_stream) as stream,
        generate_series(1, appends) as number
    ) u
    where u.effects is not null and statuses[u.number] = 0
      and u.number >= coalesce(superseding[u.stream], 0);
  end if;
  if accepted_effects is not null or (stands and p_effects is not null) then
    perform {{schema}}.project(coalesce(accepted_effects, '[]'), case when stands then p_effects end);
  end if;

  if stands and p_source is not null and p_to > p_from then
    if next_stored is null then
      insert into {{schema}}.offsets (source, partition, next)
      values (p_source, p_partition, p_to) on conflict do nothing;
      if not found then
        raise exception 'the first offset of % was stored by another flush', p_source
          using errcode = '40001';
      end if;
    else
      update {{schema}}.offsets o set next = p_to
      where o.source = p_source and o.partition = p_partition;
    end if;
  end if;
  if stands and p_parked is not null then
    insert into {{schema}}.parked
      (id, kind, source, partition, "offset", key, value, headers, stage, error, reference, stream)
    select p.id, p.kind, p.source, p.partition, p."offset", p.key, decode(p.value, 'base64'),
      p.headers, p.stage, p.error, p.reference, p.stream
    from jsonb_to_recordset(p_parked) as p(id text, kind text, source text, partition int,
      "offset" bigint, key text, value text, headers jsonb, stage text, error text, reference text,
      stream text)
    order by p.id
    on conflict (id) do nothing;
  end if;
  if stands and p_settle is not null then
    for known in select u.id, u.status from jsonb_to_recordset(p_settle) as u(id text, status text)
    loop
      update {{schema}}.parked p set status = known.status, settled_at = clock_timestamp()
      where p.id = known.id and p.status in ('parked', 'ready');
    end loop;
  end if;

  o_statuses := coalesce(array_to_string(statuses, ''), '');
  o_lanes := lanes;
  o_positions := positions;
  o_versions := versions;
  insert into {{schema}}.flushes (flush_id, statuses) values (p_flush, o_statuses);
  if accepted > 0 then
    -- Wakes relays and readers of other processes. Sent by the commit, once a flush.
    perform pg_notify('{{schema}}', array_to_string(p_lanes, ','));
  end if;
end
$append$;

-- The answers of a flush whose commit was done and whose answer was lost.
create function {{schema}}.settled_answers(
  p_statuses text, p_streams text[], a_stream int[], a_expected int[], a_count int[], a_key text[],
  out lanes int[], out positions bigint[], out versions int[]
)
language sql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
  select array_agg(coalesce(k.lane, 0) order by u.number),
    array_agg(coalesce(k.position, 0) order by u.number),
    array_agg(case substr(p_statuses, u.number::int, 1)
      when '0' then a_expected[u.number] + a_count[u.number]
      else coalesce((select r.version from {{schema}}.rows r
        where r.stream = p_streams[a_stream[u.number]] order by r.version desc limit 1), 0)
      end order by u.number)
  from unnest(a_key) with ordinality as u(key, number)
  left join {{schema}}.keys k on k.key = u.key
$$;
