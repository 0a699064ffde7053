-- The read model of payments, and how the log's append keeps it: upserts in primary-key order (so that two flushes can't
-- deadlock), each guarded by the version (so that a repeat or a latecomer changes nothing). The state is that of the event
-- just stored, unless it is given: it need not come twice.
create schema query;

create table query.payments (
  payment_id text primary key,
  version int not null,
  storefront text,
  order_id text,
  attempt int,
  label text not null,
  final boolean not null,
  state jsonb not null,
  updated_at timestamptz not null default now()
);
create index payments_by_order on query.payments (order_id, storefront, attempt);
create index payments_open on query.payments (updated_at) where not final;

create or replace function payments.project(accepted jsonb, effects jsonb) returns void
language sql set search_path = pg_catalog as $$
  insert into query.payments as held
    (payment_id, version, storefront, order_id, attempt, label, final, state)
  select distinct on (e."paymentId")
    e."paymentId", e.version, e.storefront, e."orderId", e.attempt, e.label, e.final,
    coalesce(e.state::jsonb, (
      select convert_from(r.data, 'utf8')::jsonb -> 'state' from payments.rows r
      where r.lane = (a -> 'lane')::int and r.position = (a -> 'position')::bigint))
  from jsonb_array_elements(accepted) as a,
    jsonb_to_record(a -> 'effects') as e(
      "paymentId" text, version int, storefront text, "orderId" text, attempt int, label text, final boolean, state text)
  order by e."paymentId", e.version desc
  on conflict (payment_id) do update set
    version = excluded.version, storefront = excluded.storefront, order_id = excluded.order_id,
    attempt = excluded.attempt, label = excluded.label, final = excluded.final, state = excluded.state,
    updated_at = now()
  where held.version < excluded.version
$$;
