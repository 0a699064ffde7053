-- Payments that nobody asked us for: their exceptions belong to no statement, unless a report found them, and what is to be
-- told of them is written in the commit that read of them, and published from there.
alter table books.exceptions alter column statement_id drop not null;

create table books.exception_news (
  -- `<type>/<exception id>`: once in the log, however often it is appended.
  key text primary key,
  type text not null check (type in ('ExceptionOpened', 'ExceptionResolved')),
  data jsonb not null,
  at timestamptz not null
);

-- Where the claims of an adopted payment count now.
create index payments_adopted on books.payments ((book ->> 'adoptedInto')) where book ? 'adoptedInto';
