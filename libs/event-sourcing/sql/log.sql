-- Purpose: one log as a Postgres schema: lanes, their rows and blocks, and what moves with them.
-- Lock: none, everything is new. Undo: drop schema {{schema}} cascade (as superuser; it is history).
create schema {{schema}};

-- The head of each lane. Whoever numbers rows holds this row's lock until its commit.
create table {{schema}}.lanes (
  lane int primary key,
  next_position bigint not null default 0,
  hash bytea not null default decode(repeat('00', 32), 'hex'),
  -- True: compares with no topic. Otherwise open while opened_for = incarnation().
  opened boolean not null,
  opened_for text
) with (fillfactor = 50); -- Room for heap-only updates: each flush rewrites its heads.

create table {{schema}}.blocks (
  lane int not null,
  first_position bigint not null,
  row_count int not null,
  hash bytea not null,
  previous_hash bytea not null,
  flush_id uuid not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (lane, first_position)
);

create table {{schema}}.rows (
  lane int not null,
  position bigint not null,
  stream text not null,
  version int not null,
  id text not null,
  type text not null,
  schema_version int not null,
  source text not null,
  time text not null,
  correlation_id text,
  causation_id text,
  traceparent text,
  key text not null,
  data bytea not null,
  digest bytea not null,
  primary key (lane, position),
  unique (stream, version)
);
-- Bytes are read far more often than stored: not compressed, and inline as far as a page allows.
alter table {{schema}}.rows alter column data set storage external;
alter table {{schema}}.rows set (toast_tuple_target = 8160);

-- Each key once for ever. A null digest (re-imported from the topic) equals any content.
create table {{schema}}.keys (
  key text primary key,
  digest bytea,
  lane int not null,
  position bigint not null
);

create table {{schema}}.offsets (
  source text not null,
  partition int not null,
  next bigint not null,
  primary key (source, partition)
) with (fillfactor = 50);

-- What the topic is known to hold: rows below position, in the partition's offsets below next_offset.
create table {{schema}}.relay (
  lane int primary key,
  position bigint not null default 0,
  next_offset bigint not null default 0
) with (fillfactor = 50);

create table {{schema}}.parked (
  id text primary key,
  kind text not null check (kind in ('poison', 'unresolved')),
  source text not null,
  partition int not null,
  "offset" bigint not null,
  key text,
  value bytea,
  headers jsonb not null,
  stage text not null,
  error text not null,
  reference text,
  stream text,
  status text not null default 'parked'
    check (status in ('parked', 'ready', 'applied', 'discarded')),
  mended bytea,
  parked_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  published_at timestamptz
);
create index on {{schema}}.parked (status, parked_at) where status in ('parked', 'ready');
create index on {{schema}}.parked (reference) where status in ('parked', 'ready');
create index on {{schema}}.parked (key) where status in ('parked', 'ready');
create index on {{schema}}.parked (parked_at) where kind = 'poison' and published_at is null;

-- One row a flush, so that a lost answer to COMMIT can be settled. Kept for an hour.
create table {{schema}}.flushes (
  flush_id uuid primary key,
  -- A digit an append: 0 appended, 1 duplicate, 2 same key other content, 3 version conflict.
  statuses text not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index on {{schema}}.flushes (recorded_at);

insert into {{schema}}.lanes (lane, opened)
select lane, {{opened}} from generate_series(0, {{lanes}} - 1) as lane;
insert into {{schema}}.relay (lane) select lane from {{schema}}.lanes;

-- Changes whenever this database may have gone back in time: a restored or promoted server has
-- started anew, a restored dump has a new table. A lane that was opened for another incarnation
-- must be compared with its topic again before it takes appends.
create function {{schema}}.incarnation() returns text
language sql stable -- Its names are bound here, once: with a setting of its own it could not become part of a caller.
return extract(epoch from pg_catalog.pg_postmaster_start_time())::text || ' ' || '{{schema}}.rows'::regclass::oid::text;

create function {{schema}}.open_lane(p_lane int) returns void
language sql set search_path = pg_catalog, pg_temp
as $$
  update {{schema}}.lanes set opened_for = {{schema}}.incarnation() where lane = p_lane
$$;

-- The service's own projection, in the commit of the rows it follows from. A migration replaces it.
-- accepted: [{lane, position, stream, version, key, effects}], an element for each accepted append
-- with effects: position of its first row, version of its last. effects: the flush's own, or null.
create function {{schema}}.project(accepted jsonb, effects jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$ begin end $$;

-- The service's own store for bytes that lie beside rows, in their commit: ids and times are those of the rows. A
-- migration replaces it where appends have attachments.
create function {{schema}}.attach(ids text[], times text[], attachments bytea[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$ begin raise exception 'the log {{schema}} keeps no attachments'; end $$;
