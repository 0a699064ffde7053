-- What comes with each append, in its commit. The read model: upserts in primary-key order (so that two flushes can't
-- deadlock), each guarded by the version (so that a repeat or a latecomer changes nothing). The state is cut out of the
-- event just stored, unless it is given: it need not come twice, nor be read.
--
-- A commit may rest on what was read before it: a message is parked without a hold of its own where there is one, and the
-- hold ends with the last parked message. Both are looked at again here, under the lock of the payment's row: who comes
-- second sees what the first has written, and is decided again.
create or replace function payments.project(accepted jsonb, effects jsonb) returns void
language plpgsql set search_path = pg_catalog as $$
declare
  changed boolean;
begin
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
  where held.version < excluded.version;
  if effects is null then
    return;
  end if;

  insert into proofs.messages (message_id, payment_id, type, time, detail)
  select p.id, p."paymentId", p.type, p.time, p.detail
  from jsonb_to_recordset(effects -> 'proofs') as p(
    id text, "paymentId" text, type text, time text, detail jsonb)
  order by p.id
  on conflict do nothing;

  select bool_or(read.now > read.then) into changed
  from (
    select p.version as now, r.version as then
    from jsonb_to_recordset(effects -> 'reliedOn') as r("paymentId" text, version int)
    join query.payments p on p.payment_id = r."paymentId"
    order by p.payment_id
    for share of p
  ) read;
  if changed or exists (
    select from jsonb_to_recordset(effects -> 'lifts') as l("paymentId" text, "parkedId" text)
    join payments.parked own on own.id = l."parkedId"
    join payments.parked p on p.key = l."paymentId" and p.id <> own.id
      and split_part(p.source, '/', 1) = split_part(own.source, '/', 1)
    where p.status in ('parked', 'ready')
  ) then
    raise exception 'another message of a payment was parked or settled meanwhile' using errcode = 'PL002';
  end if;
end
$$;
