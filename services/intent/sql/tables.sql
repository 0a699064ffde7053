-- Beside the log: read models that can be derived again from the log or from payments.events.v1 (orders, payments,
-- work), and three tables that are the only place of what they hold: private_details (on purpose not in any log),
-- idempotency (answers given), account_switches (an operator's word).

create table orders (
  payment_id text primary key,
  storefront text not null,
  order_id text not null,
  attempt int not null,
  account text not null,
  accepted_at timestamptz not null,
  unique (storefront, order_id, attempt)
);

-- The state of each payment as payments.events.v1 last told it.
create table payments (
  payment_id text primary key,
  version int not null,
  state jsonb not null,
  label text not null,
  final boolean not null,
  updated_at timestamptz not null default now(),
  -- When something not said by us (a webhook, a report, an operator) last changed it.
  gateway_told_at timestamptz
);

-- Tokens and references of people: never in a log, deleted when the attempt closes.
create table private_details (
  payment_id text primary key,
  payment_method text not null,
  customer_reference text,
  return_url text,
  next_action jsonb,
  stored_at timestamptz not null default now()
);

-- One row a payment: when to look at it next. Derived from the log; what it counts (polls) may be lost without harm.
create table work (
  payment_id text primary key,
  due_at timestamptz,
  -- Rises with whatever may change what is to be done; a worker that saw less looks again.
  touches int not null default 1,
  lease uuid,
  leased_until timestamptz,
  -- Instance that holds the lease: its successor need not wait for it to run out.
  owner text,
  polls int not null default 0,
  polled_at timestamptz,
  verify_at timestamptz,
  not_before timestamptz,
  why text not null default 'new',
  since timestamptz not null default now()
);
create index work_due on work (due_at) where due_at is not null;

create table idempotency (
  storefront text not null,
  key text not null,
  digest text not null,
  payment_id text not null,
  -- Null while the first request is being answered.
  status int,
  answer jsonb,
  locked_until timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (storefront, key)
);

create table account_switches (
  account text primary key,
  stopped boolean not null,
  reason text not null,
  operator text not null,
  changed_at timestamptz not null default now()
);
