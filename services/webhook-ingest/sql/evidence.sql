-- Bodies of webhooks, byte for byte, beside the chained row that holds their sha256. By month, so that retention can drop
-- a month at once; the default partition takes what no month was made for. The key begins with the time: new entries then
-- go to its end, while ids, which are digests, would each touch, and after a checkpoint log, a page of their own.
create table evidence_bodies (
  evidence_id text not null,
  received_at timestamptz not null,
  body bytea not null,
  primary key (received_at, evidence_id)
) partition by range (received_at);
create table evidence_bodies_default partition of evidence_bodies default;
do $$
declare
  month date := date_trunc('month', now());
begin
  for i in 0 .. 35 loop
    execute format('create table evidence_bodies_%s partition of evidence_bodies for values from (%L) to (%L)',
      to_char(month, 'YYYY_MM'), month, month + interval '1 month');
    month := month + interval '1 month';
  end loop;
end
$$;

create or replace function evidence.attach(ids text[], times text[], attachments bytea[]) returns void
language plpgsql set search_path = pg_catalog as $$
begin
  insert into public.evidence_bodies (evidence_id, received_at, body)
  -- In any order: whose evidence it is, is settled by its key in the log. In the select list, because in FROM each array
  -- would first be copied into a table of its own.
  select unnest(ids), unnest(times)::timestamptz, unnest(attachments);
end
$$;

-- Refused deliveries, without their bodies: enough to see a key rotation that went wrong. Kept 7 days, and bounded.
create table rejected_webhooks (
  id bigint generated always as identity primary key,
  received_at timestamptz not null,
  gateway text not null,
  account text not null,
  reason text not null,
  headers jsonb not null,
  body_sha256 bytea not null,
  body_bytes int not null
);
create index rejected_webhooks_by_time on rejected_webhooks (received_at);
