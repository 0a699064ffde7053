-- The read model of payments, and how the log's append keeps it: upserts in primary-key order (so that two flushes can't
-- deadlock), each guarded by the version (so that a repeat or a latecomer changes nothing). The state is cut out of the
-- event just stored, unless it is given: it need not come twice, nor be read. As json it stays the text that was written.
create schema query;

create table query.payments (
  payment_id text primary key,
  version int not null,
  storefront text,
  order_id text,
  attempt int,
  label text not null,
  final boolean not null,
  state json not null,
  updated_at timestamptz not null default now()
) with (fillfactor = 70); -- Room for heap-only updates: a payment changes some times, but none of its indexed columns.
create index payments_by_order on query.payments (order_id, storefront, attempt);

create or replace function payments.project(accepted jsonb, effects jsonb) returns void
language sql set search_path = pg_catalog as $$
  insert into query.payments as held
    (payment_id, version, storefront, order_id, attempt, label, final, state)
  select e."paymentId", e.version, e.storefront, e."orderId", e.attempt, e.label, e.final,
    coalesce(e.state, (
      select convert_from(
        substring(r.data from (e."stateIn" -> 'offset')::int + 1 for (e."stateIn" -> 'bytes')::int), 'utf8')
      from payments.rows r where r.lane = e.lane and r.position = e.position))::json
  from (
    select distinct on (e."paymentId") e.*, (a -> 'lane')::int as lane, (a -> 'position')::bigint as position
    from jsonb_array_elements(accepted) as a,
      jsonb_to_record(a -> 'effects') as e(
        "paymentId" text, version int, storefront text, "orderId" text, attempt int, label text, final boolean,
        state text, "stateIn" jsonb)
    order by e."paymentId", e.version desc
  ) e
  on conflict (payment_id) do update set
    version = excluded.version, storefront = excluded.storefront, order_id = excluded.order_id,
    attempt = excluded.attempt, label = excluded.label, final = excluded.final, state = excluded.state,
    updated_at = now()
  where held.version < excluded.version
$$;
