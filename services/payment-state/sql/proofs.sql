-- What vouches for a payment's history beside its events: which signed webhook told a fact, what was decided about the
-- goods. One row a message, however often it comes; `detail` is a webhook's {evidence, confirmed}, or a decision's
-- {orderId, part, reason, causedBy}. Added to by payments.project, never changed.
create schema proofs;

create table proofs.messages (
  message_id text primary key,
  payment_id text not null,
  type text not null,
  -- As its sender wrote it (RFC 3339).
  time text not null,
  detail jsonb not null
);
create index messages_by_payment on proofs.messages (payment_id);

create trigger refuse_truncate before truncate on proofs.messages
  for each statement execute function payments.refuse_change();
alter table proofs.messages enable always trigger refuse_truncate;
create trigger refuse_change before update or delete on proofs.messages
  for each row execute function payments.refuse_change();
alter table proofs.messages enable always trigger refuse_change;

do $grants$
begin
  if not exists (select from pg_roles where rolname = 'paylog_payment_state') then return; end if;
  grant usage on schema proofs to paylog_payment_state;
  grant select, insert on proofs.messages to paylog_payment_state;
end
$grants$;
