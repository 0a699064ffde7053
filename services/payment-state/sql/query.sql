-- The read model of payments: see project.sql for how it is kept. As json a state stays the text that was written.
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
