-- Gateway ids that name a payment, learnt from payments.intents.v1 and from webhooks that say whose they are: what
-- resolves a webhook that doesn't.
create table payment_references (
  reference text primary key,
  payment_id text not null
);

-- For our log lines only.
create table payment_orders (
  payment_id text primary key,
  order_id text not null
);

-- Every id that would resolve a parked webhook; any one of them does.
create table awaited_references (
  reference text not null,
  parked_id text not null,
  primary key (reference, parked_id)
);
create index awaited_references_by_row on awaited_references (parked_id);

-- What became of each piece of evidence: one row once its mapper has passed it.
create table mapped_evidence (
  evidence_id text primary key,
  outcome text not null check (outcome in ('facts', 'ignored', 'unresolved', 'unreadable')),
  event_type text,
  payment_id text,
  mapped_at timestamptz not null default now()
);
create index mapped_evidence_by_outcome on mapped_evidence (outcome, event_type);

-- effects: {references, orders, awaited, mapped, applied}, each an array or absent.
create or replace function facts.project(accepted jsonb, effects jsonb) returns void
language plpgsql set search_path = pg_catalog as $$
begin
  insert into public.payment_references (reference, payment_id)
  select distinct on (r.reference) r.reference, r."paymentId"
  from jsonb_to_recordset(effects -> 'references') as r(reference text, "paymentId" text)
  order by r.reference
  on conflict (reference) do nothing;

  insert into public.payment_orders (payment_id, order_id)
  select distinct on (o."paymentId") o."paymentId", o."orderId"
  from jsonb_to_recordset(effects -> 'orders') as o("paymentId" text, "orderId" text)
  order by o."paymentId"
  on conflict (payment_id) do nothing;

  insert into public.awaited_references (reference, parked_id)
  select distinct a.reference, a."parkedId"
  from jsonb_to_recordset(effects -> 'awaited') as a(reference text, "parkedId" text)
  order by 1, 2
  on conflict do nothing;

  insert into public.mapped_evidence as held (evidence_id, outcome, event_type, payment_id)
  select distinct on (m.id) m.id, m.outcome, m."eventType", m."paymentId"
  from jsonb_to_recordset(effects -> 'mapped') as m(id text, outcome text, "eventType" text, "paymentId" text)
  order by m.id
  on conflict (evidence_id) do update set
    outcome = excluded.outcome, event_type = excluded.event_type, payment_id = excluded.payment_id,
    mapped_at = now();

  delete from public.awaited_references a
  using jsonb_array_elements_text(effects -> 'applied') as row_id
  where a.parked_id = row_id;
end
$$;
