-- Gateway ids that name a payment, learnt from payments.intents.v1: what resolves a webhook that doesn't say whose it is.
create table payment_references (
  reference text primary key,
  payment_id text not null
);

-- What became of each piece of evidence: one row once its mapper has passed it.
create table mapped_evidence (
  evidence_id text primary key,
  outcome text not null check (outcome in ('facts', 'ignored', 'unresolved', 'unreadable')),
  event_type text,
  payment_id text,
  mapped_at timestamptz not null default now()
);
create index mapped_evidence_by_outcome on mapped_evidence (outcome, event_type);

create or replace function facts.project(accepted jsonb, effects jsonb) returns void
language plpgsql set search_path = pg_catalog as $$
begin
  insert into public.payment_references (reference, payment_id)
  select distinct on (r.reference) r.reference, r."paymentId"
  from jsonb_to_recordset(effects -> 'references') as r(reference text, "paymentId" text)
  order by r.reference
  on conflict (reference) do nothing;

  insert into public.mapped_evidence as held (evidence_id, outcome, event_type, payment_id)
  select distinct on (m.id) m.id, m.outcome, m."eventType", m."paymentId"
  from jsonb_to_recordset(effects -> 'mapped') as m(id text, outcome text, "eventType" text, "paymentId" text)
  order by m.id
  on conflict (evidence_id) do update set
    outcome = excluded.outcome, payment_id = excluded.payment_id, mapped_at = now();
end
$$;
