-- Purpose: what reconciliation knows: the ledger's entries and balances, what each payment should bring in a report, and
-- the statements. Kept by ledger.project (ledger.sql) and by the importer of statements.
-- Lock: none, everything is new. Undo: drop schema books cascade; it is made again from the logs and the reports.
create schema books;

-- The state of each payment that the ledger was last brought to, and what its operations should bring.
create table books.payments (
  payment_id text primary key,
  version int not null,
  account text,
  book jsonb not null
);

-- What a report may or must hold of a payment: one row an operation and kind of line.
create table books.operations (
  payment_id text not null,
  operation text not null,
  kind text not null check (kind in ('capture', 'refund', 'refund_reversal')),
  account text,
  -- due: a report must name it; possible: it may; not_happened: it must not.
  standing text not null check (standing in ('due', 'possible', 'not_happened')),
  minor numeric(30) not null,
  currency text not null,
  gateway_object text not null,
  -- Every id it goes by: ours, the gateway's, and what its payment is known by there.
  names text[] not null,
  -- What exactly identifies it, without the names of its payment.
  ids text[] not null,
  occurred_at timestamptz not null,
  primary key (payment_id, operation, kind)
);
create index operations_by_name on books.operations using gin (names);
create index operations_due on books.operations (account, occurred_at) where standing = 'due';

create table books.entries (
  entry_id text primary key,
  payment_id text,
  statement_id text,
  currency text not null,
  reason text not null,
  caused_by text not null,
  value_date date not null,
  booked_on date not null
);
create index entries_by_payment on books.entries (payment_id) where payment_id is not null;
create index entries_by_statement on books.entries (statement_id) where statement_id is not null;

create table books.ledger_lines (
  entry_id text not null,
  line int not null,
  account text not null,
  currency text not null,
  side text not null check (side in ('debit', 'credit')),
  minor numeric(30) not null check (minor >= 0),
  primary key (entry_id, line)
);

-- Debits less credits. One row an account, currency and lane, so that two lanes never wait for a hot account.
create table books.balances (
  account text not null,
  currency text not null,
  lane int not null,
  minor numeric(30) not null,
  primary key (account, currency, lane)
) with (fillfactor = 50);

-- The double entry's own rule, over all lines of the entries that a statement touched.
create function books.refuse_unbalanced() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  wrong record;
begin
  select l.entry_id, count(distinct l.currency) as currencies,
    sum(case l.side when 'debit' then l.minor else -l.minor end) as off
  into wrong
  from books.ledger_lines l
  where l.entry_id in (select f.entry_id from fresh f)
  group by l.entry_id
  having count(distinct l.currency) > 1
    or sum(case l.side when 'debit' then l.minor else -l.minor end) <> 0
  limit 1;
  if found then
    raise exception 'entry % is not balanced: debits less credits are %, in % currencies',
      wrong.entry_id, wrong.off, wrong.currencies using errcode = 'check_violation';
  end if;
  return null;
end
$$;
create trigger refuse_unbalanced after insert on books.ledger_lines
  referencing new table as fresh for each statement execute function books.refuse_unbalanced();
alter table books.ledger_lines enable always trigger refuse_unbalanced;

-- An entry is corrected by another entry.
create function books.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception '% on books.% refused: post a correcting entry', tg_op, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;
create trigger refuse_change before update or delete or truncate on books.entries
  for each statement execute function books.refuse_change();
create trigger refuse_change before update or delete or truncate on books.ledger_lines
  for each statement execute function books.refuse_change();
