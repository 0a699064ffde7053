-- Purpose: reports as they came, statements and their lines, what matched, and what did not.
-- Lock: none, everything is new. Undo: none; what was closed stays closed.

-- Content-addressed: the bytes of a report are stored once, in pieces, under their sha256.
create table books.report_files (
  sha256 text primary key,
  file_id uuid not null unique,
  account text not null,
  bytes bigint not null,
  taken_at timestamptz not null default now()
);
create table books.report_pieces (
  file_id uuid not null,
  number int not null,
  account text not null,
  bytes bytea not null,
  taken_at timestamptz not null default now(),
  primary key (file_id, number)
);
alter table books.report_pieces alter column bytes set storage external;
create index report_pieces_by_account on books.report_pieces (account, taken_at);

create table books.statements (
  statement_id text primary key,
  account text not null,
  gateway text not null,
  -- The gateway's own id of the payout.
  statement text not null,
  currency text not null,
  payout numeric(30) not null,
  payout_status text not null,
  created_at timestamptz not null,
  -- The calendar day (UTC) it is listed under: that of its creation at the gateway.
  day date not null,
  -- announced: its lines are not ready there; staged: lines read, not judged; stopped: may not close, see its exceptions;
  -- decided: judged once and for all, being published; closed: published.
  status text not null default 'announced'
    check (status in ('announced', 'staged', 'stopped', 'decided', 'closed')),
  revision int not null default 1,
  -- What a staged statement waits for.
  waiting_for text,
  file_sha256 text references books.report_files,
  staged_at timestamptz,
  decided_at timestamptz,
  -- The signed summary, as published.
  summary jsonb,
  unique (account, statement)
);
create index statements_by_day on books.statements (day);
create index statements_open on books.statements (account, created_at) where status <> 'closed';

create table books.statement_lines (
  statement_id text not null references books.statements,
  number int not null,
  kind text not null,
  -- The line as read, amounts as decimal strings.
  line jsonb not null,
  -- Every id by which it might be one of ours.
  names text[] not null,
  -- Null until decided: matched, or the class of its exception.
  verdict text,
  payment_id text,
  operation text,
  primary key (statement_id, number)
);
create table books.line_problems (
  statement_id text not null references books.statements,
  number int not null,
  problem jsonb not null,
  primary key (statement_id, number)
);

-- Leg A claims each side once: the operation's kind of line, and the line.
create table books.claims (
  payment_id text not null,
  operation text not null,
  kind text not null,
  statement_id text not null,
  number int not null,
  primary key (payment_id, operation, kind),
  unique (statement_id, number),
  foreign key (statement_id, number) references books.statement_lines
);

create table books.exceptions (
  exception_id text primary key,
  statement_id text not null references books.statements,
  class text not null,
  status text not null default 'open' check (status in ('open', 'resolved')),
  owner text not null,
  opened_at timestamptz not null,
  resolved_at timestamptz,
  payment_id text,
  operation text,
  kind text,
  -- The message that opened it, as published.
  data jsonb not null
);
create index exceptions_open on books.exceptions (opened_at) where status = 'open';
create index exceptions_by_statement on books.exceptions (statement_id);
create index exceptions_by_operation on books.exceptions (payment_id, kind) where status = 'open';

-- What a decision still has to publish, in this order: step (ledger, exceptions, results), then number. Frozen with the
-- decision, so that whoever goes on after a crash appends the very same.
create table books.publications (
  statement_id text not null references books.statements,
  step int not null,
  number int not null,
  stream text not null,
  key text not null,
  rows jsonb not null,
  primary key (statement_id, step, number)
);

-- Facts we published because a report line told them, and when they came back as events.
create table books.settlement_facts (
  fact_id text primary key,
  statement_id text,
  heard_at timestamptz
);

create function books.refuse_reopening() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'statement % is closed and never changes', old.statement_id
    using errcode = 'insufficient_privilege';
end
$$;
create trigger refuse_reopening before update or delete on books.statements
  for each row when (old.status = 'closed') execute function books.refuse_reopening();
-- A verdict is given once.
create trigger refuse_reopening before update or delete on books.statement_lines
  for each row when (old.verdict is not null) execute function books.refuse_reopening();
create trigger refuse_reopening before update or delete on books.claims
  for each row execute function books.refuse_reopening();
