-- What the ledger's append does in the same commit. Of each accepted append: its entries, their lines, the balances, and
-- the state of the payment that they were posted for. Of the flush: the last state of each payment it is about, posted or
-- not, and the settlement facts that came back. Upserts in primary-key order, states guarded by the payment's version.
create or replace function ledger.project(accepted jsonb, effects jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  latest jsonb;
  fresh text[];
begin
  insert into books.entries
    (entry_id, payment_id, statement_id, currency, reason, caused_by, value_date, booked_on)
  select e."entryId", e."paymentId", e."statementId", e.currency, e.reason, e."causedBy",
    e."valueDate", e."bookedOn"
  from jsonb_array_elements(accepted) as a
  cross join lateral jsonb_array_elements(a -> 'effects' -> 'entries') as entry
  cross join lateral jsonb_to_record(entry) as e("entryId" text, "paymentId" text,
    "statementId" text, currency text, reason text, "causedBy" text, "valueDate" date, "bookedOn" date)
  order by e."entryId";

  insert into books.ledger_lines (entry_id, line, account, currency, side, minor)
  select entry ->> 'entryId', l.number, l.line ->> 'account', entry ->> 'currency',
    l.line ->> 'side', (l.line ->> 'minor')::numeric
  from jsonb_array_elements(accepted) as a
  cross join lateral jsonb_array_elements(a -> 'effects' -> 'entries') as entry
  cross join lateral jsonb_array_elements(entry -> 'lines') with ordinality as l(line, number)
  order by 1, 2;

  insert into books.balances as held (account, currency, lane, minor)
  select l.line ->> 'account', entry ->> 'currency', (a ->> 'lane')::int,
    sum(case l.line ->> 'side' when 'debit' then 1 else -1 end * (l.line ->> 'minor')::numeric)
  from jsonb_array_elements(accepted) as a
  cross join lateral jsonb_array_elements(a -> 'effects' -> 'entries') as entry
  cross join lateral jsonb_array_elements(entry -> 'lines') as l(line)
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict (account, currency, lane) do update set minor = held.minor + excluded.minor;

  select jsonb_agg(told.payment) into latest
  from (
    select distinct on (payment ->> 'paymentId') payment
    from (
      select a -> 'effects' -> 'payment' as payment from jsonb_array_elements(accepted) as a
      union all
      select jsonb_array_elements(coalesce(effects -> 'payments', '[]'))
    ) as every
    where payment is not null and payment <> 'null'
    order by payment ->> 'paymentId', (payment ->> 'version')::int desc
  ) as told;

  with upserted as (
    insert into books.payments as held (payment_id, version, account, book)
    select p."paymentId", p.version, p.account, p.book
    from jsonb_to_recordset(latest) as p("paymentId" text, version int, account text, book jsonb)
    order by p."paymentId"
    on conflict (payment_id) do update set
      version = excluded.version, account = excluded.account, book = excluded.book
    where held.version < excluded.version
    returning held.payment_id
  )
  select coalesce(array_agg(u.payment_id), '{}') into fresh from upserted u;

  -- A difference was just posted to a state that another process has gone beyond: none of it may stand.
  if exists (
    select from jsonb_array_elements(accepted) as a
    where a -> 'effects' ? 'payment'
      and (a -> 'effects' -> 'payment' ->> 'paymentId') <> all (fresh)
  ) then
    raise exception 'a payment was posted further by another process' using errcode = 'PL002';
  end if;

  delete from books.operations o where o.payment_id = any (fresh);
  insert into books.operations (payment_id, operation, kind, account, standing, minor, currency,
    gateway_object, names, ids, occurred_at)
  select p."paymentId", o.operation, o.kind, p.account, o.standing, o.minor, o.currency,
    o."gatewayObject", o.names, o.ids, o."occurredAt"
  from jsonb_to_recordset(latest) as p("paymentId" text, account text, book jsonb)
  cross join lateral jsonb_to_recordset(p.book -> 'operations') as o(operation text, kind text,
    standing text, minor numeric, currency text, "gatewayObject" text, names text[], ids text[],
    "occurredAt" timestamptz)
  where p."paymentId" = any (fresh);

  insert into books.settlement_facts as held (fact_id, heard_at)
  select heard, now() from jsonb_array_elements_text(coalesce(effects -> 'heard', '[]')) as heard
  order by heard
  on conflict (fact_id) do update set heard_at = coalesce(held.heard_at, excluded.heard_at);

  if effects ? 'news' then
    perform books.take_news(effects -> 'news');
  end if;
end
$$;

-- Exceptions that are opened or resolved by what a payment is told to be: [{type, data, at}].
create or replace function books.take_news(news jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  with opened as (
    insert into books.exceptions (exception_id, class, owner, opened_at, payment_id, data)
    select n.data ->> 'exceptionId', n.data ->> 'class', n.data ->> 'owner', n.at,
      n.data ->> 'paymentId', n.data
    from jsonb_to_recordset(news) as n(type text, data jsonb, at timestamptz)
    where n.type = 'ExceptionOpened'
    order by 1
    on conflict (exception_id) do nothing
    returning data, opened_at
  ), resolved as (
    update books.exceptions e set status = 'resolved', resolved_at = n.at
    from jsonb_to_recordset(news) as n(type text, data jsonb, at timestamptz)
    where n.type = 'ExceptionResolved' and e.exception_id = n.data ->> 'exceptionId' and e.status = 'open'
    returning e.data || jsonb_build_object('note', n.data ->> 'note') as data, n.at
  )
  insert into books.exception_news (key, type, data, at)
  select 'ExceptionOpened/' || (data ->> 'exceptionId'), 'ExceptionOpened', data, opened_at from opened
  union all
  select 'ExceptionResolved/' || (data ->> 'exceptionId'), 'ExceptionResolved', data, at from resolved
  on conflict (key) do nothing;
end
$$;
