-- What this service knows of a payment's goods: its state by payments.events.v1, what the storefront said, what was
-- decided. `due`: something has come in that no decision has seen yet; `revision` counts what came in.
create table knowledge (
  payment_id text primary key,
  revision int not null default 1,
  due boolean not null default true,
  due_since timestamptz not null default now(),
  state_version int not null default 0,
  state jsonb,
  caused_by text,
  cancelled_by text
);
create index knowledge_due on knowledge (due_since) where due;

-- effects: {learnt, touched, decided}, each an array or absent. Every statement takes its rows in the order of payment
-- ids, so that two flushes can't wait for each other.
create or replace function fulfillment.project(accepted jsonb, effects jsonb) returns void
language plpgsql set search_path = pg_catalog as $$
begin
  -- Later states replace earlier ones, whatever order they come in; a cancellation stays.
  insert into public.knowledge as held (payment_id, state_version, state, caused_by, cancelled_by)
  select k."paymentId", coalesce(k."stateVersion", 0), k.state, k."causedBy", k."cancelledBy"
  from jsonb_to_recordset(effects -> 'learnt') as k(
    "paymentId" text, "stateVersion" int, state jsonb, "causedBy" text, "cancelledBy" text)
  order by k."paymentId"
  on conflict (payment_id) do update set
    revision = held.revision + 1,
    due = true,
    due_since = case when held.due then held.due_since else now() end,
    state = case when excluded.state_version > held.state_version then excluded.state else held.state end,
    caused_by = case when excluded.state_version > held.state_version then excluded.caused_by else held.caused_by end,
    state_version = greatest(held.state_version, excluded.state_version),
    cancelled_by = coalesce(held.cancelled_by, excluded.cancelled_by)
  where excluded.state_version > held.state_version
     or (held.cancelled_by is null and excluded.cancelled_by is not null);

  -- A message about it was parked, applied or discarded: to be looked at again.
  with ordered as (
    select k.payment_id from public.knowledge k
    where k.payment_id in (select jsonb_array_elements_text(effects -> 'touched'))
    order by k.payment_id for no key update
  )
  update public.knowledge k set
    revision = k.revision + 1, due = true,
    due_since = case when k.due then k.due_since else now() end
  from ordered o where k.payment_id = o.payment_id;

  -- A decision clears the mark only if nothing came in since it looked.
  with ordered as (
    select k.payment_id, d.revision from public.knowledge k
    join jsonb_to_recordset(effects -> 'decided') as d("paymentId" text, revision int)
      on k.payment_id = d."paymentId"
    order by k.payment_id for no key update of k
  )
  update public.knowledge k set due = false
  from ordered o where k.payment_id = o.payment_id and k.revision = o.revision;
end
$$;
