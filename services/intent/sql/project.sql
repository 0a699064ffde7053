-- Runs inside each append, in its commit. accepted: the appends that were taken, with the effects each brought;
-- effects: those of the flush as a whole (a batch of payments.events.v1). Rows are locked in primary key order.
create or replace function intents.project(accepted jsonb, effects jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $project$
begin
  insert into public.orders (payment_id, storefront, order_id, attempt, account, accepted_at)
  select e ->> 'paymentId', e ->> 'storefront', e ->> 'orderId', (e ->> 'attempt')::int,
    e ->> 'account', (e ->> 'at')::timestamptz
  from jsonb_array_elements(accepted) a, lateral (select a -> 'effects' -> 'order' as e) x
  where e <> 'null'
  order by 1
  on conflict do nothing;

  insert into public.private_details as p
    (payment_id, payment_method, customer_reference, return_url)
  select a ->> 'stream', e ->> 'paymentMethod', e ->> 'customerReference', e ->> 'returnUrl'
  from jsonb_array_elements(accepted) a, lateral (select a -> 'effects' -> 'private' as e) x
  where e <> 'null'
  order by 1
  on conflict do nothing;

  update public.private_details p set next_action = n.next_action
  from (
    select a ->> 'stream' as payment_id, nullif(a -> 'effects' -> 'nextAction', 'null') as next_action
    from jsonb_array_elements(accepted) a
    where a -> 'effects' ? 'nextAction'
    order by 1
  ) n
  where p.payment_id = n.payment_id;

  insert into public.idempotency
    (storefront, caller, key, digest, payment_id, status, answer, locked_until)
  select e ->> 'storefront', coalesce(e ->> 'caller', ''), e ->> 'key', e ->> 'digest', a ->> 'stream', (e ->> 'status')::int,
    nullif(e -> 'answer', 'null'), (e ->> 'lockedUntil')::timestamptz
  from jsonb_array_elements(accepted) a, lateral (select a -> 'effects' -> 'idempotency' as e) x
  where e <> 'null'
  order by 1, 2, 3
  on conflict do nothing;

  if effects -> 'payments' is not null then
    insert into public.payments as p
      (payment_id, version, state, label, final, updated_at, gateway_told_at)
    select e ->> 'paymentId', (e ->> 'version')::int, e -> 'state', e -> 'state' ->> 'label',
      (e -> 'state' ->> 'final')::boolean, now(), (e ->> 'gatewayToldAt')::timestamptz
    from jsonb_array_elements(effects -> 'payments') e
    order by 1
    on conflict (payment_id) do update set version = excluded.version, state = excluded.state,
      label = excluded.label, final = excluded.final, updated_at = excluded.updated_at,
      gateway_told_at = coalesce(excluded.gateway_told_at, p.gateway_told_at)
    where p.version < excluded.version;
  end if;

  -- New facts start the schedule of questions anew.
  insert into public.work as w (payment_id, due_at)
  select distinct a ->> 'stream', now()
  from jsonb_array_elements(accepted) a
  where a -> 'effects' ? 'work'
  order by 1
  on conflict (payment_id) do update set due_at = now(), touches = w.touches + 1, polls = 0;

  -- Nothing to do for payments that another instance of ours has not been asked about.
  update public.work w set due_at = now(), touches = w.touches + 1
  from (
    select t as payment_id from jsonb_array_elements_text(effects -> 'touch') t order by 1
  ) touched
  where w.payment_id = touched.payment_id;
end
$project$;
