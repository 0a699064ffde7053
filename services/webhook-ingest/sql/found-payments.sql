-- Payments that a gateway told of and nobody asked us for: named after FOREIGN_AFTER_MS, so that what is told of them has
-- a payment. Their gateway ids are in payment_references, like those of any other.
create table found_payments (
  payment_id text primary key,
  account text not null,
  gateway text not null,
  -- The gateway's id that the payment's own id follows from.
  object text not null,
  found_at timestamptz not null
);
